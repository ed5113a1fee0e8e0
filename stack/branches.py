"""Further salons for a drill: the simulator's branches, made known to the core as any salon is, by `seed`."""

from __future__ import annotations

import os
import subprocess
import sys

import httpx

from sla.topology import Place, Process
from stack.environment import marked_environment
from stack.errors import Failed
from stack.native import Chain
from stack.processes import programs

_TRIGGERS = ("BOOKING_CREATED", "BOOKING_REQUESTED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED", "BOOKING_REJECTED")


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
    _subscribe(chain.place, name)
    return f"sk_{name}"


def _subscribe(place: Place, name: str) -> None:
    """Let Cal.com tell the core of this branch's bookings, as the settings do for the demo salon."""
    body = {
        "subscriberUrl": f"{place.url(Process.CORE)}/v1/webhooks/calcom/{name}",
        "triggers": _TRIGGERS,
        "active": True,
        "secret": f"secret_{name}",
    }
    headers = {"Authorization": f"Bearer cal_{name}"}
    answer = httpx.post(f"{place.url(Process.SIMULATOR)}/v2/webhooks", json=body, headers=headers, trust_env=False)
    if answer.is_error:
        raise Failed(f"the webhook of {name} was refused: {answer.text[:300]}")
