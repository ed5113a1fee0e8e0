"""The circuit breaker as its callers see it; how circuits open and close is in tests/contracts/test_breaker.py."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking_core.domain.errors import (
    CalcomCircuitOpen,
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomUnavailable,
    SlotTaken,
)
from booking_core.resilience.breaker_store import BreakerState, Circuit, Order
from booking_core.resilience.circuit_breaker import BreakerTransition, CircuitBreaker
from booking_core.resilience.failure_detector import Evidence
from booking_core.resilience.local_breaker import InMemoryBreakerStore
from tests.booking_core.resilience.reference import Ticker
from tests.factories import NOW
from tests.fakes import FakeClock


class CountingStore(InMemoryBreakerStore):
    """Knows how often a report reached it."""

    reports = 0

    async def record(self, circuit, permit, evidence):
        self.reports += 1
        return await super().record(circuit, permit, evidence)


@dataclass
class Bench:
    """A breaker on a clock that stands still, and what it published."""

    ticker: Ticker = field(default_factory=Ticker)
    transitions: list[BreakerTransition] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = CountingStore(self.ticker.seconds)
        clock = FakeClock(NOW)
        self.breaker = CircuitBreaker(Circuit("calcom"), self.store, clock=clock, published=self.transitions.append)

    @property
    def states(self) -> list[BreakerState]:
        return [transition.to for transition in self.transitions]

    async def call(self, error: BaseException | None = None) -> None:
        async with self.breaker.guard():
            if error is not None:
                raise error

    async def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(CalcomUnavailable):
                await self.call(CalcomUnavailable())


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_an_open_circuit_refuses_without_calling_and_says_when_to_come_back(bench):
    await bench.fail(times=5)
    bench.ticker.advance(18)

    with pytest.raises(CalcomCircuitOpen) as refused:
        async with bench.breaker.guard():
            pytest.fail("called while open")

    assert refused.value.retry_after_seconds == 12.0
    assert refused.value.reason == "calcom_unavailable"


async def test_an_outage_publishes_each_transition_once(bench):
    await bench.fail(times=5)
    bench.ticker.advance(30)
    await bench.fail(times=1)
    bench.ticker.advance(30)
    await bench.call()

    assert bench.states == ["open", "half_open", "open", "half_open", "closed"]
    assert bench.transitions[0] == BreakerTransition("calcom", "global", BreakerState.OPEN, NOW)


@pytest.mark.parametrize("error", [SlotTaken(), CalcomRateLimited(), KeyError("uid"), asyncio.CancelledError()])
async def test_refusals_rate_limits_surprises_and_cancelled_calls_never_open_it(bench, error):
    for _ in range(20):
        with pytest.raises(type(error)):
            await bench.call(error)

    assert bench.states == []


async def test_a_refusal_by_an_open_circuit_inside_another_does_not_count(bench):
    for _ in range(5):
        with pytest.raises(CalcomCircuitOpen):
            await bench.call(CalcomCircuitOpen(retry_after_seconds=1))

    assert bench.states == []


async def test_a_call_that_hangs_counts_because_its_deadline_lies_inside(bench):
    for _ in range(5):
        with pytest.raises(CalcomOutcomeUnknown):
            async with bench.breaker.guard(deadline_seconds=0.001):
                await asyncio.Event().wait()

    assert bench.states == ["open"]


async def test_a_cancelled_trial_makes_room_for_the_next(bench):
    await bench.fail(times=5)
    bench.ticker.advance(30)
    entered = asyncio.Event()

    async def trial():
        async with bench.breaker.guard():
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(trial())
    await entered.wait()
    with pytest.raises(CalcomCircuitOpen):
        await bench.call()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    await bench.call()
    assert bench.states == ["open", "half_open", "closed"]


async def test_a_closed_circuit_reports_failures_only(bench):
    for _ in range(10):
        await bench.call()
    await bench.fail(times=1)

    assert bench.store.reports == 1


async def test_a_permit_can_be_used_by_hand(bench):
    for _ in range(5):
        await bench.breaker.record(await bench.breaker.acquire(), Evidence.FAILURE)

    assert bench.states == ["open"]


async def test_an_order_is_published_and_seen(bench):
    await bench.breaker.force(Order.OPEN)
    assert (await bench.breaker.standing()).is_forced

    await bench.breaker.force(Order.RESET)

    assert bench.states == ["open", "closed"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"dependency": "cal com"},
        {"scope": "{salon}"},
        {"failures": 0},
        {"window_seconds": 0},
        {"open_seconds": -1},
        {"trial_seconds": 0},
    ],
)
def test_a_circuit_that_cannot_work_is_refused(wrong):
    with pytest.raises(ValueError, match=r"use letters|at least 1 failure"):
        Circuit(**{"dependency": "calcom"} | wrong)


STEP = st.tuples(
    st.sampled_from([0.0, 0.1, 1.0, 9.999999, 10.0, 29.999999, 30.0, 60.0]),
    st.sampled_from([None, CalcomUnavailable(), CalcomUnavailable(), CalcomOutcomeUnknown(), SlotTaken()]),
)


@settings(deadline=None)
@given(steps=st.lists(STEP, max_size=60))
def test_nothing_is_called_within_thirty_seconds_of_an_opening(steps):
    bench = Bench()
    opened_at: list[float] = []

    async def play():
        for wait, error in steps:
            bench.ticker.advance(wait)
            await call(error)

    async def call(error):
        seen = len(bench.transitions)
        try:
            async with bench.breaker.guard():
                assert not opened_at or bench.ticker.seconds() - opened_at[-1] >= 30
                if error is not None:
                    raise error
        except (CalcomUnavailable, CalcomOutcomeUnknown, SlotTaken):
            pass
        if BreakerState.OPEN in bench.states[seen:]:
            opened_at.append(bench.ticker.seconds())

    with asyncio.Runner() as runner:
        runner.run(play())
