"""Errors that nobody expected, in one place: whatever is logged with its traceback comes through here.

Apart from the places that catch them, so that none can forget to count: the log line is the one thing all of them make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from booking_core.domain.errors import BookingError

_MARK = "_slotwatch_surprised"


class Surprises:
    """Counts each error once, however often it is logged on its way out, and tells whoever wants to hear of it.

    A BookingError is no surprise: it has a name, and is counted where it happens.
    """

    def __init__(self, count: Callable[[], None], *reporters: Callable[[BaseException], None]) -> None:
        self._count = count
        self._reporters: Sequence[Callable[[BaseException], None]] = reporters

    def __call__(self, error: BaseException) -> None:
        if isinstance(error, BookingError) or hasattr(error, _MARK):
            return
        # Not every exception takes an attribute; one that does not may be counted twice.
        with suppress(AttributeError):
            setattr(error, _MARK, True)
        self._count()
        for report in self._reporters:
            # We stand inside a log call: an error of the reporter's could only be logged by calling it again.
            with suppress(Exception):
                report(error)
