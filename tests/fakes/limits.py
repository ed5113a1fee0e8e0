from __future__ import annotations

import math

from booking_core.resilience.breaker_store import StoreUnavailable
from booking_core.resilience.limits import Limit, Quota


class FakeLimitStore:
    """Counts in memory by a clock that stands still until told to go on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.down = False
        self.asked = 0
        self._counts: dict[tuple[str, str], tuple[int, int, int]] = {}

    async def take(self, limit: Limit, subject: str) -> Quota:
        self.asked += 1
        if self.down:
            raise StoreUnavailable
        width, window = limit.window_seconds, math.floor(self.now / limit.window_seconds)
        known, count, before = self._counts.get((limit.name, subject), (window, 0, 0))
        if known != window:
            count, before = 0, count if known == window - 1 else 0
        left = 1 - (self.now / width - window)
        wait = self._wait(limit, count, before, left)
        if not wait:
            count += 1
            self._counts[limit.name, subject] = (window, count, before)
        remaining = max(0, math.floor(limit.requests - before * left - count))
        return Quota(limit, remaining, left * width, wait or None)

    @staticmethod
    def _wait(limit: Limit, count: int, before: int, left: float) -> float:
        if before * left + count + 1 <= limit.requests:
            return 0.0
        if count + 1 <= limit.requests:
            return (left - (limit.requests - 1 - count) / before) * limit.window_seconds
        return (left + 1 - (limit.requests - 1) / count) * limit.window_seconds
