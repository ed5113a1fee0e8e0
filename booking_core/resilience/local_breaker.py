"""Circuits in this process's memory: the breaker of one worker alone, and its refuge while Redis is away.

The same rules as the Lua of adapters/redis_breaker.py; tests/contracts/test_breaker.py holds both to them.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from booking_core.resilience.breaker_store import (
    BreakerState,
    Circuit,
    Denial,
    Order,
    Permit,
    Standing,
    microseconds,
)
from booking_core.resilience.failure_detector import Evidence


@dataclass(slots=True)
class _Record:
    """One circuit; times are microseconds of the store's clock."""

    epoch: int = 0
    state: BreakerState = BreakerState.CLOSED
    is_forced: bool = False
    failures: dict[str, int] = field(default_factory=dict)  # when, by permit
    left_closed_at: int = 0
    opened_at: int = 0
    trial: str | None = None
    trial_ends: int = 0

    def enter(self, state: BreakerState, *, epoch: int, now: int) -> BreakerState:
        """Open or close: reports on permits of the epoch before count no longer."""
        if state is BreakerState.CLOSED:
            self.failures = {}
        elif self.state is BreakerState.CLOSED:
            self.left_closed_at = now
        self.state, self.epoch, self.opened_at, self.trial = state, epoch, now, None
        return state

    def wait(self, circuit: Circuit, now: int) -> int:
        """Return how long nobody may call: until the open time has run out, or the running trial."""
        if self.state is BreakerState.CLOSED:
            return 0
        if self.is_forced:
            return microseconds(circuit.open_seconds)
        if self.state is BreakerState.OPEN:
            return max(0, self.opened_at + microseconds(circuit.open_seconds) - now)
        return max(0, self.trial_ends - now) if self.trial else 0

    def recent(self, circuit: Circuit, now: int) -> dict[str, int]:
        """Return the failures of the sliding window: one that is exactly as old as the window lies outside."""
        window = microseconds(circuit.window_seconds)
        return {permit_id: at for permit_id, at in self.failures.items() if now - at < window}


class InMemoryBreakerStore:
    """Not for threads: within one event loop every method runs undisturbed, since none of them waits."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._records: dict[tuple[str, str], _Record] = {}
        # One series for all: neither an epoch nor a permit's id ever comes back.
        self._numbers = itertools.count(1)

    async def acquire(self, circuit: Circuit) -> Permit | Denial:
        record, now = self._record(circuit), self._now()
        wait = record.wait(circuit, now)
        if wait:
            return Denial(wait / 1_000_000)
        permit_id = str(next(self._numbers))
        if record.state is BreakerState.CLOSED:
            return Permit(permit_id, record.epoch, is_local=True)
        half_opened = record.state is BreakerState.OPEN
        record.state = BreakerState.HALF_OPEN
        record.trial, record.trial_ends = permit_id, now + microseconds(circuit.trial_seconds)
        return Permit(permit_id, record.epoch, is_trial=True, half_opened=half_opened, is_local=True)

    async def record(self, circuit: Circuit, permit: Permit, evidence: Evidence) -> BreakerState | None:
        record = self._record(circuit)
        if record.is_forced or permit.epoch != record.epoch:
            return None
        if record.state is BreakerState.CLOSED:
            return self._count(circuit, record, permit) if evidence is Evidence.FAILURE else None
        if record.trial != permit.id:
            return None
        return self._end_trial(record, evidence)

    async def standing(self, circuit: Circuit) -> Standing:
        record, now = self._record(circuit), self._now()
        failures = len(record.recent(circuit, now))
        if record.state is BreakerState.CLOSED:
            return Standing(BreakerState.CLOSED, record.is_forced, failures)
        wait = record.wait(circuit, now)
        return Standing(
            record.state if wait else BreakerState.HALF_OPEN,
            record.is_forced,
            failures,
            opened_seconds_ago=(now - record.opened_at) / 1_000_000,
            left_closed_seconds_ago=(now - record.left_closed_at) / 1_000_000,
            retry_after_seconds=wait / 1_000_000,
        )

    async def force(self, circuit: Circuit, order: Order) -> BreakerState | None:
        record = self._record(circuit)
        before = record.state
        self._enter(record, BreakerState.OPEN if order is Order.OPEN else BreakerState.CLOSED)
        record.is_forced = order is not Order.RESET
        return record.state if record.state is not before else None

    def follow(self, circuit: Circuit, answer: Permit | Denial) -> None:
        """Stand like a shared store that gave this answer: losing it must not open a door that was shut."""
        record = self._record(circuit)
        if isinstance(answer, Denial):
            self._enter(record, BreakerState.OPEN)
            record.opened_at += microseconds(answer.retry_after_seconds) - microseconds(circuit.open_seconds)
        elif not answer.is_trial and record.state is not BreakerState.CLOSED:
            self._enter(record, BreakerState.CLOSED)

    def _count(self, circuit: Circuit, record: _Record, permit: Permit) -> BreakerState | None:
        now = self._now()
        record.failures = {permit.id: now} | record.recent(circuit, now)
        return self._enter(record, BreakerState.OPEN) if len(record.failures) >= circuit.failures else None

    def _end_trial(self, record: _Record, evidence: Evidence) -> BreakerState | None:
        if evidence is Evidence.IGNORE:
            record.trial = None
            return None
        return self._enter(record, BreakerState.OPEN if evidence is Evidence.FAILURE else BreakerState.CLOSED)

    def _enter(self, record: _Record, state: BreakerState) -> BreakerState:
        return record.enter(state, epoch=next(self._numbers), now=self._now())

    def _record(self, circuit: Circuit) -> _Record:
        return self._records.setdefault((circuit.scope, circuit.dependency), _Record())

    def _now(self) -> int:
        return microseconds(self._monotonic())
