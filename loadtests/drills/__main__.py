"""`python -m loadtests.drills chaos --bookings 2000`: the same as `slotwatch chaos --bookings 2000`.

A drill needs a chain, and only `stack` may start one; so this becomes that command instead of importing it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

COMMAND = Path(sys.executable).with_name("slotwatch")

if __name__ == "__main__":
    os.execv(COMMAND, [str(COMMAND), *sys.argv[1:]])  # noqa: S606 - our own command, beside this interpreter
