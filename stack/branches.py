"""Further salons for a drill: the simulator's branches, made known to the core as any salon is, by `seed`."""

from __future__ import annotations

import os
import subprocess
import sys

from stack.environment import marked_environment
from stack.errors import Failed
from stack.native import Chain
from stack.processes import programs


def open_branch(chain: Chain, number: int) -> str:
    """Seed the branch of this number and return its API key. Raises Failed when it cannot be done."""
    name = f"branch-{number}"
    (seed,) = (each for each in programs(chain.run, chain.place, chain.promise) if each.name == "seed")
    environment = {
        **marked_environment(os.environ, directory=str(chain.run.path)),
        **seed.environment,
        "BOOKING_SEED_TENANT": name,
        "BOOKING_SEED_API_KEY": f"sk_{name}",
        "BOOKING_SEED_RETELL_API_KEY": f"key_{name}",
        "BOOKING_SEED_CALCOM_API_KEY": f"cal_{name}",
        "BOOKING_SEED_CALCOM_WEBHOOK_SECRET": f"secret_{name}",
    }
    command = (sys.executable, "-m", "booking_core", "seed")
    seeded = subprocess.run(command, env=environment, cwd=chain.run.path, capture_output=True, text=True, check=False)
    if seeded.returncode:
        raise Failed(f"{name} could not be opened: {seeded.stderr.strip()}")
    return f"sk_{name}"
