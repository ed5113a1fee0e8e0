"""Allowances in this process's memory: of one process alone, and its refuge while Redis is away.

The same rules as the Lua of adapters/redis_allowance.py; tests/contracts/test_allowance.py holds both to them.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from booking_core.resilience.allowance import Allowance
from booking_core.resilience.breaker_store import microseconds


@dataclass(slots=True)
class _Record:
    """One key; times are microseconds of the store's clock, those of calls in the order of granting."""

    granted: OrderedDict[str, int] = field(default_factory=OrderedDict)
    alone_until: int = 0
    background_at: int | None = None


class InMemoryAllowanceStore:
    """Not for threads: within one event loop every method runs undisturbed, since none of them waits."""

    def __init__(self, allowance: Allowance, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._allowance = allowance
        self._window = microseconds(allowance.window_seconds)
        self._interval = microseconds(allowance.interval_seconds)
        self._monotonic = monotonic
        self._records: dict[str, _Record] = {}

    async def take(self, key: str, call: str, *, is_live: bool) -> float:
        record, now = self._recent(key), self._now()
        wait = max(record.alone_until - now, self._until_room(record, now, is_live=is_live))
        if not is_live and record.background_at is not None:
            wait = max(wait, record.background_at + self._interval - now)
        if wait > 0:
            return wait / 1_000_000
        record.granted[call] = now
        if not is_live:
            record.background_at = now
        return 0.0

    async def leave_alone(self, key: str, seconds: float) -> None:
        record = self._recent(key)
        record.alone_until = max(record.alone_until, self._now() + microseconds(seconds))

    async def remember(self, key: str, ages_seconds: Mapping[str, float]) -> None:
        record, now = self._recent(key), self._now()
        told = {call: now - microseconds(age) for call, age in ages_seconds.items()}
        record.granted = OrderedDict(sorted((told | record.granted).items(), key=lambda each: each[1]))

    def note(self, key: str, call: str) -> None:
        """Count a call that another store has granted just now."""
        self._recent(key).granted[call] = self._now()

    def ages(self, key: str) -> Mapping[str, float]:
        """Return how many seconds ago each call that still counts was granted."""
        now = self._now()
        return {call: (now - at) / 1_000_000 for call, at in self._recent(key).granted.items()}

    def alone_seconds(self, key: str) -> float:
        """Return for how much longer the key is to be left alone."""
        return max(0, self._recent(key).alone_until - self._now()) / 1_000_000

    def _until_room(self, record: _Record, now: int, *, is_live: bool) -> int:
        """Return how long until enough calls have left the window; with a limit of none, nobody ever gets in."""
        limit = self._allowance.limit(is_live=is_live)
        if not limit:
            return self._window
        surplus = len(record.granted) - limit
        if surplus < 0:
            return 0
        return next(islice(record.granted.values(), surplus, None)) + self._window - now

    def _recent(self, key: str) -> _Record:
        """Return the record without what has left the window: a call exactly as old as the window lies outside."""
        record, begins = self._records.setdefault(key, _Record()), self._now() - self._window
        while record.granted and next(iter(record.granted.values())) <= begins:
            record.granted.popitem(last=False)
        return record

    def _now(self) -> int:
        return microseconds(self._monotonic())
