"""Cal.com's rate limit: a fixed window per key, and a block of a further minute for whoever exceeds it.

Apart from the faults because it is part of the contract: its headers are on every answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from loadtests.calcom_simulator.clock import Clock

WINDOW_SECONDS = 60.0
BLOCK_SECONDS = 60.0
# Wrong keys each open a window; beyond this many the finished ones are forgotten.
_WINDOWS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the key may still do."""

    limit: int
    remaining: int
    reset_seconds: int
    is_blocked: bool = False

    def headers(self) -> dict[str, str]:
        """Return the headers; Reset is seconds to go, not a timestamp."""
        return {
            "X-RateLimit-Limit-Default": str(self.limit),
            "X-RateLimit-Remaining-Default": str(self.remaining),
            "X-RateLimit-Reset-Default": str(self.reset_seconds),
        }


@dataclass(slots=True)
class _Window:
    ends_at: float
    calls: int = 0
    is_blocked: bool = False


class Throttle:
    """Counts calls per key."""

    def __init__(self, *, limit: int, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def take(self, key: str) -> Allowance:
        """Count one call of the key."""
        window = self._window(key)
        window.calls += 1
        if window.calls > self._limit and not window.is_blocked:
            window.is_blocked = True
            window.ends_at = self._clock.monotonic() + BLOCK_SECONDS
        reset = math.ceil(window.ends_at - self._clock.monotonic())
        return Allowance(self._limit, max(self._limit - window.calls, 0), reset, window.is_blocked)

    def exhausted(self, seconds: float) -> Allowance:
        """Return what a key sees that is blocked for these seconds, at most one block."""
        return Allowance(self._limit, 0, max(math.ceil(min(seconds, BLOCK_SECONDS)), 1), is_blocked=True)

    def clear(self) -> None:
        self._windows.clear()

    def _window(self, key: str) -> _Window:
        now = self._clock.monotonic()
        window = self._windows.get(key)
        if window is None or window.ends_at <= now:
            self._forget_finished(now)
            window = self._windows[key] = _Window(now + WINDOW_SECONDS)
        return window

    def _forget_finished(self, now: float) -> None:
        if len(self._windows) >= _WINDOWS_KEPT:
            self._windows = {key: window for key, window in self._windows.items() if window.ends_at > now}
