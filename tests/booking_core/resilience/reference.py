"""A circuit breaker too simple to be wrong, and a machine that plays a store against it.

It keeps every report for ever and works out the state anew from them, so it shares no trick with the stores.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from booking_core.resilience.breaker_store import BreakerState, BreakerStore, Circuit, Denial, Order, Permit
from booking_core.resilience.failure_detector import Evidence

WINDOW, OPEN, TRIAL = 60_000_000, 30_000_000, 10_000_000
# Most bugs of a breaker live on the edges, so most steps land on one.
STEPS = [0, 1, 999, TRIAL - 1, TRIAL, OPEN - 1, OPEN, OPEN - TRIAL, WINDOW - OPEN - 1, WINDOW - 1, WINDOW]


@dataclass
class Ticker:
    """A clock of whole microseconds. It starts at a real server's time: large numbers are where precision is lost."""

    now: int = 1_800_000_000_000_000

    def seconds(self) -> float:
        return self.now / 1_000_000

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000)


@dataclass
class Reference:
    """State as a list of eras; a call belongs to the era it was permitted in."""

    eras: list[tuple[BreakerState, int]] = field(default_factory=lambda: [(BreakerState.CLOSED, 0)])
    failures: list[tuple[object, int, int]] = field(default_factory=list)  # (call, era, time)
    trials: list[tuple[object, int, int]] = field(default_factory=list)  # (call, era, time)
    forced: Order | None = None

    @property
    def era(self) -> int:
        return len(self.eras) - 1

    @property
    def is_closed(self) -> bool:
        return self.eras[-1][0] is BreakerState.CLOSED

    def running_trial(self) -> tuple[object, int, int] | None:
        mine = [trial for trial in self.trials if trial[1] == self.era]
        return mine[-1] if mine else None

    def recently_failed(self, now: int) -> list[object]:
        return [call for call, era, at in self.failures if era == self.era and now - at < WINDOW]

    def lets_in(self, now: int) -> bool:
        if self.forced is not None:
            return self.forced is Order.CLOSE
        if self.is_closed:
            return True
        trial = self.running_trial()
        return now - self.eras[-1][1] >= OPEN and (trial is None or now - trial[2] >= TRIAL)

    def admit(self, call: object, now: int) -> int:
        if not self.is_closed:
            self.trials.append((call, self.era, now))
        return self.era

    def report(self, call: object, era: int, evidence: Evidence, now: int) -> None:
        if self.forced is not None or era != self.era:
            return
        if self.is_closed:
            if evidence is Evidence.FAILURE and call not in self.recently_failed(now):
                self.failures.append((call, era, now))
            if len(self.recently_failed(now)) >= 5:
                self.eras.append((BreakerState.OPEN, now))
            return
        trial = self.running_trial()
        if trial is None or trial[0] != call:
            return
        if evidence is Evidence.IGNORE:
            # All of them: a trial that this one had replaced does not come back to life.
            self.trials = [each for each in self.trials if each[1] != era]
        else:
            closed = evidence is Evidence.SUCCESS
            self.eras.append((BreakerState.CLOSED if closed else BreakerState.OPEN, now))

    def order(self, order: Order, now: int) -> None:
        self.forced = None if order is Order.RESET else order
        self.eras.append((BreakerState.OPEN if order is Order.OPEN else BreakerState.CLOSED, now))


class StoreAgainstReference(RuleBasedStateMachine):
    """Any number of callers, late reports, repeated reports and operators, in any order."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.ticker = Ticker()
        self.reference = Reference()
        self.runner = asyncio.Runner()
        self.store, self.circuit = self.make()

    def make(self) -> tuple[BreakerStore, Circuit]:
        raise NotImplementedError

    @rule(microseconds=st.sampled_from(STEPS) | st.integers(0, 2 * WINDOW))
    def time_passes(self, microseconds):
        self.ticker.now += microseconds

    @rule(target=calls)
    def somebody_asks(self):
        answer = self.runner.run(self.store.acquire(self.circuit))
        expected = self.reference.lets_in(self.ticker.now)

        assert isinstance(answer, Permit) is expected, answer
        if isinstance(answer, Denial):
            assert answer.retry_after_seconds > 0
            return multiple()
        assert answer.is_trial is not self.reference.is_closed
        return answer, self.reference.admit(answer.id, self.ticker.now)

    @rule(call=calls, evidence=st.sampled_from(Evidence))
    def a_call_reports(self, call, evidence):
        permit, era = call
        before = self.reference.eras[-1]
        moved = self.runner.run(self.store.record(self.circuit, permit, evidence))
        self.reference.report(permit.id, era, evidence, self.ticker.now)

        after = self.reference.eras[-1]
        assert moved == (after[0] if after is not before else None)

    # Less often than calls, or nothing else would ever happen.
    @rule(order=st.sampled_from(Order), really=st.integers(0, 4))
    def an_operator_steps_in(self, order, really):
        if really == 0:
            self.runner.run(self.store.force(self.circuit, order))
            self.reference.order(order, self.ticker.now)

    @rule(evidence=st.sampled_from(Evidence))
    def five_calls_in_a_row(self, evidence):
        for _ in range(5):
            call = self.somebody_asks()
            if isinstance(call, tuple):
                self.a_call_reports(call, evidence)

    @invariant()
    def the_operator_sees_what_the_next_caller_will_find(self):
        standing = self.runner.run(self.store.standing(self.circuit))

        assert (standing.retry_after_seconds == 0) is self.reference.lets_in(self.ticker.now)
        assert (standing.state is BreakerState.CLOSED) is self.reference.is_closed
        assert standing.is_forced is (self.reference.forced is not None)

    def teardown(self) -> None:
        self.runner.close()
