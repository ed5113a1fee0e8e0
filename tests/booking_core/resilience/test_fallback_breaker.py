"""A worker's breaker while the shared store comes and goes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from booking_core.domain.errors import CalcomCircuitOpen, CalcomUnavailable
from booking_core.resilience.breaker_store import BreakerState, Circuit, Order, Permit, StoreUnavailable
from booking_core.resilience.circuit_breaker import CircuitBreaker
from booking_core.resilience.failure_detector import Evidence
from booking_core.resilience.fallback_breaker import FallbackBreakerStore
from booking_core.resilience.local_breaker import InMemoryBreakerStore
from tests.booking_core.resilience.reference import Ticker
from tests.factories import NOW
from tests.fakes import FakeClock

CALCOM = Circuit("calcom")


class SharedStore:
    """Stands in for Redis: goes away on demand and counts the questions it got."""

    def __init__(self, ticker: Ticker) -> None:
        self.inner = InMemoryBreakerStore(ticker.seconds)
        self.is_away = False
        self.questions = 0

    async def acquire(self, circuit):
        self._answer()
        answer = await self.inner.acquire(circuit)
        return replace(answer, is_local=False) if isinstance(answer, Permit) else answer

    async def record(self, circuit, permit, evidence):
        self._answer()
        return await self.inner.record(circuit, permit, evidence)

    async def standing(self, circuit):
        self._answer()
        return await self.inner.standing(circuit)

    async def force(self, circuit, order):
        self._answer()
        return await self.inner.force(circuit, order)

    def _answer(self) -> None:
        self.questions += 1
        if self.is_away:
            raise StoreUnavailable


class Worker:
    """One process: its own memory and its own breaker on the shared store."""

    def __init__(self, shared: SharedStore, ticker: Ticker) -> None:
        self.fallbacks = 0
        self.states: list[BreakerState] = []
        store = FallbackBreakerStore(
            shared,
            InMemoryBreakerStore(ticker.seconds),
            monotonic=ticker.seconds,
            fell_back=self._fell_back,
        )
        self.breaker = CircuitBreaker(CALCOM, store, clock=FakeClock(NOW), published=self._published)

    def _fell_back(self) -> None:
        self.fallbacks += 1

    def _published(self, transition) -> None:
        self.states.append(transition.to)

    async def fail(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(CalcomUnavailable):
                async with self.breaker.guard():
                    raise CalcomUnavailable

    async def succeed(self) -> None:
        async with self.breaker.guard():
            pass

    async def is_refused(self) -> bool:
        try:
            await self.succeed()
        except CalcomCircuitOpen:
            return True
        return False


@pytest.fixture
def ticker() -> Ticker:
    return Ticker()


@pytest.fixture
def shared(ticker) -> SharedStore:
    return SharedStore(ticker)


@pytest.fixture
def worker(shared, ticker) -> Worker:
    return Worker(shared, ticker)


@pytest.fixture
def colleague(shared, ticker) -> Worker:
    return Worker(shared, ticker)


async def test_while_the_shared_store_answers_it_decides(worker, colleague):
    await worker.fail(times=3)
    await colleague.fail(times=2)

    assert await worker.is_refused()
    assert (worker.states, colleague.states) == ([], ["open"])
    assert worker.fallbacks == colleague.fallbacks == 0


async def test_without_it_every_worker_goes_by_its_own_window_at_once(shared, worker, colleague):
    shared.is_away = True

    await worker.fail(times=5)

    assert await worker.is_refused()
    assert not await colleague.is_refused()
    assert worker.fallbacks == 6


async def test_a_circuit_that_was_open_stays_open_when_the_store_is_lost(shared, worker, ticker):
    await worker.fail(times=5)
    ticker.advance(10)
    assert await worker.is_refused()

    shared.is_away = True
    ticker.advance(19.999)
    assert await worker.is_refused()

    ticker.advance(0.001)
    await worker.succeed()
    assert worker.states == ["open", "half_open", "closed"]


async def test_the_shared_store_decides_again_as_soon_as_it_answers(shared, worker, ticker):
    shared.is_away = True
    await worker.fail(times=5)
    assert await worker.is_refused()

    shared.is_away = False
    ticker.advance(1)

    assert not await worker.is_refused()
    shared.is_away = True
    assert not await worker.is_refused()  # what the shared store knew last holds, not what went before


async def test_a_store_that_fails_is_left_alone_for_a_second(shared, worker, ticker):
    shared.is_away = True
    for _ in range(10):
        await worker.succeed()
    assert shared.questions == 1

    ticker.advance(1)
    await worker.succeed()
    assert shared.questions == 2


async def test_a_failure_whose_permit_came_from_the_lost_store_still_counts(shared, worker):
    permit = await worker.breaker.acquire()
    shared.is_away = True

    await worker.breaker.record(permit, Evidence.FAILURE)
    await worker.fail(times=4)

    assert worker.states == ["open"]


async def test_a_trial_that_succeeds_while_the_store_is_lost_closes_the_worker_s_own_circuit(shared, worker, ticker):
    await worker.fail(times=5)
    assert await worker.is_refused()
    ticker.advance(30)

    async with worker.breaker.guard():
        shared.is_away = True
    answers = await asyncio.gather(*(worker.breaker.acquire() for _ in range(10)))

    assert worker.states == ["open", "half_open", "closed"]
    assert not any(permit.is_trial for permit in answers)


async def test_while_the_shared_trial_runs_losing_the_store_lets_one_more_call_through(shared, worker, ticker):
    await worker.fail(times=5)
    assert await worker.is_refused()
    ticker.advance(30)
    await worker.breaker.acquire()

    shared.is_away = True

    assert (await worker.breaker.acquire()).is_trial
    with pytest.raises(CalcomCircuitOpen):
        await worker.breaker.acquire()


async def test_failures_add_up_over_two_absences(shared, worker, ticker):
    for failures in (3, 2):
        shared.is_away = True
        await worker.fail(times=failures)
        shared.is_away = False
        ticker.advance(1)
        if failures == 3:
            await worker.succeed()

    assert worker.states == ["open"]


async def test_a_trial_that_cannot_report_is_nobody_s_loss(shared, worker, colleague, ticker):
    await worker.fail(times=5)
    ticker.advance(30)
    async with worker.breaker.guard():
        shared.is_away = True
    shared.is_away = False

    ticker.advance(9.999)
    assert await colleague.is_refused()
    ticker.advance(0.001)
    assert not await colleague.is_refused()


async def test_a_failure_reported_while_already_refused_locally_changes_nothing(shared, worker, ticker):
    ahead = await worker.breaker.acquire()
    await worker.fail(times=5)
    assert await worker.is_refused()
    shared.is_away = True

    await worker.breaker.record(ahead, Evidence.FAILURE)

    assert worker.states == ["open"]


async def test_a_local_permit_reports_locally_even_when_the_store_is_back(shared, worker, ticker):
    shared.is_away = True
    permits = [await worker.breaker.acquire() for _ in range(5)]
    shared.is_away = False
    ticker.advance(1)

    for permit in permits:
        await worker.breaker.record(permit, Evidence.FAILURE)

    assert shared.questions == 1
    assert not await worker.is_refused()


async def test_an_operator_s_order_reaches_the_whole_fleet_or_fails(shared, worker, colleague):
    await worker.breaker.force(Order.OPEN)
    assert await colleague.is_refused()
    assert (await colleague.breaker.standing()).is_forced

    shared.is_away = True
    with pytest.raises(StoreUnavailable):
        await worker.breaker.force(Order.RESET)
    with pytest.raises(StoreUnavailable):
        await worker.breaker.standing()
