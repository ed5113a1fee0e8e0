"""What the simulator keeps from one life to the next: its bookings, in one file.

Without it every start would be a Cal.com that has lost everything, and whoever watches would rightly be told so.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from loadtests.calcom_simulator.rows import Booking

_ROWS = TypeAdapter(tuple[Booking, ...])
_log = structlog.get_logger()


def read(file: Path) -> tuple[Booking, ...]:
    """Return what was kept. A file that says nothing readable is set aside and told of: a simulator can begin anew."""
    try:
        return _ROWS.validate_json(file.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        aside = file.with_suffix(".unreadable")
        _log.warning("memory_unreadable", file=str(file), set_aside=str(aside), error=type(error).__name__)
        if file.is_file():
            file.replace(aside)
        return ()


def write(file: Path, bookings: Iterable[Booking]) -> None:
    """Keep these, whole or not at all; what cannot be written is told of, for nobody waits for it any more."""
    beside = file.with_suffix(".new")
    try:
        beside.write_bytes(_ROWS.dump_json(tuple(bookings)))
        beside.replace(file)
    except OSError as error:
        _log.warning("memory_not_written", file=str(file), error=error.strerror)
