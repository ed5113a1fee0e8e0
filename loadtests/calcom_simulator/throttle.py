"""Cal.com's rate limits: a fixed window per key and limit, and a block of its own for whoever exceeds one.

Apart from the faults because it is part of the contract: its headers are on every answer.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from loadtests.calcom_simulator.accounts import AccountName
from loadtests.calcom_simulator.clock import Clock

MINUTE_SECONDS = 60.0
# Every address without a key opens a counter; beyond this many those at rest are forgotten.
_COUNTERS_KEPT = 1000
_ACCOUNTS = frozenset(AccountName)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls in a window, and how long who exceeds them is blocked."""

    calls: int
    name: str = "default"
    seconds: float = MINUTE_SECONDS
    block_seconds: float = MINUTE_SECONDS


@dataclass(frozen=True, slots=True)
class Room:
    """What is left under one limit."""

    limit: Limit
    remaining: int
    reset_seconds: int
    is_blocked: bool

    def headers(self) -> dict[str, str]:
        """Return its headers; Reset is seconds to go, not a timestamp."""
        suffix = self.limit.name[:1].upper() + self.limit.name[1:]
        return {
            f"X-RateLimit-Limit-{suffix}": str(self.limit.calls),
            f"X-RateLimit-Remaining-{suffix}": str(self.remaining),
            f"X-RateLimit-Reset-{suffix}": str(self.reset_seconds),
        }


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the caller may still do under all its limits."""

    rooms: Sequence[Room]

    @property
    def is_blocked(self) -> bool:
        """With several limits only who exceeded all of them is blocked."""
        return all(room.is_blocked for room in self.rooms)

    @property
    def reset_seconds(self) -> int:
        return min(room.reset_seconds for room in self.rooms)

    def headers(self) -> dict[str, str]:
        return {name: text for room in self.rooms for name, text in room.headers().items()}


@dataclass(slots=True)
class _Counter:
    """Calls in the current window. It goes on counting during a block, as Cal.com's counter does."""

    window_ends_at: float = 0.0
    calls: int = 0
    block_ends_at: float = 0.0

    def take(self, limit: Limit, now: float) -> Room:
        if self.window_ends_at <= now:
            self.window_ends_at, self.calls = now + limit.seconds, 0
        self.calls += 1
        if self.block_ends_at <= now and self.calls > limit.calls:
            self.block_ends_at = now + limit.block_seconds
        is_blocked = self.block_ends_at > now
        remaining = 0 if is_blocked else limit.calls - self.calls
        ends_at = self.block_ends_at if is_blocked else self.window_ends_at
        return Room(limit, remaining, math.ceil(ends_at - now), is_blocked)


@dataclass(slots=True)
class _Pace:
    """The most calls a caller made in any sixty seconds."""

    moments: deque[float] = field(default_factory=deque)
    most: int = 0

    def note(self, now: float) -> None:
        self.moments.append(now)
        while self.moments[0] <= now - MINUTE_SECONDS:
            self.moments.popleft()
        self.most = max(self.most, len(self.moments))


class Throttle:
    """Counts calls per caller: an account, or the address of who has no key."""

    def __init__(self, *, limit: int, clock: Clock) -> None:
        self._default = (Limit(limit),)
        self._clock = clock
        self._limits: dict[str, tuple[Limit, ...]] = {}
        self._counters: dict[tuple[str, Limit], _Counter] = {}
        self._paces: dict[str, _Pace] = {}

    def take(self, caller: str) -> Allowance:
        """Count one call of the caller."""
        now = self._clock.monotonic()
        if caller in _ACCOUNTS:
            self._paces.setdefault(caller, _Pace()).note(now)
        self._forget_resting(now)
        limits = self._limits.get(caller, self._default)
        return Allowance([self._counters.setdefault((caller, limit), _Counter()).take(limit, now) for limit in limits])

    def exhausted(self, caller: str, seconds: float) -> Allowance:
        """Return what a caller sees that is blocked for these seconds, at most one block of each limit."""
        limits = self._limits.get(caller, self._default)
        waits = [max(math.ceil(min(seconds, limit.block_seconds)), 1) for limit in limits]
        return Allowance([Room(limit, 0, wait, is_blocked=True) for limit, wait in zip(limits, waits, strict=True)])

    def limit(self, account: AccountName, limits: Sequence[Limit]) -> None:
        """Give an account limits of its own; none brings the default back."""
        if limits:
            self._limits[account] = tuple(limits)
        else:
            self._limits.pop(account, None)

    def busiest_minutes(self) -> Mapping[str, int]:
        return {account: pace.most for account, pace in sorted(self._paces.items())}

    def clear(self) -> None:
        for table in (self._limits, self._counters, self._paces):
            table.clear()

    def _forget_resting(self, now: float) -> None:
        if len(self._counters) >= _COUNTERS_KEPT:
            self._counters = {
                key: counter
                for key, counter in self._counters.items()
                if max(counter.window_ends_at, counter.block_ends_at) > now
            }
