"""Ctrl-C and SIGTERM as a question asked at safe points, not an exception that may strike between two lines.

Apart, because a chain that is interrupted half-way through a start must still know what it has started.
"""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STEP_SECONDS = 0.05


class Interrupted(Exception):
    """Somebody asked us to end."""


class Interruption:
    """While entered, remembers that somebody asked; `pause` is where it is noticed."""

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _request(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True

    def pause(self, seconds: float) -> None:
        """Sleep, or raise Interrupted as soon as somebody has asked."""
        end = time.monotonic() + seconds
        while not self.requested:
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _STEP_SECONDS))
        raise Interrupted
