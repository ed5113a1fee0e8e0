"""The time the simulator lives by: the wall for bookings, the monotonic clock for faults.

Apart so that tests can freeze and advance both without waiting, and a fault can set the wall clock wrong.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells both times and waits."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """A clock whose wall time is wrong by an offset that may change; durations stay right."""

    clock: Clock
    offset_seconds: Callable[[], float]

    def now(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.offset_seconds())

    def monotonic(self) -> float:
        return self.clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
