"""An even pace for background calls, so that a drained queue does not use up Cal.com's allowance for live ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


class Pace:
    """Lets one caller pass every so often, in the order they came."""

    def __init__(
        self,
        calls_per_minute: float,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval_seconds = 60.0 / calls_per_minute
        self._sleep = sleep
        self._monotonic = monotonic
        self._next = float("-inf")

    async def turn(self) -> None:
        """Wait until it is this caller's turn."""
        now = self._monotonic()
        mine = max(now, self._next)
        # Taken before the wait: whoever comes meanwhile queues behind.
        self._next = mine + self._interval_seconds
        if mine > now:
            await self._sleep(mine - now)
