"""What a process may call while the shared count comes and goes."""

from __future__ import annotations

from itertools import count

import pytest

from booking_core.resilience.allowance import Allowance
from booking_core.resilience.breaker_store import StoreUnavailable
from booking_core.resilience.fallback_allowance import FallbackAllowanceStore
from booking_core.resilience.local_allowance import InMemoryAllowanceStore
from tests.booking_core.resilience.reference import Ticker

NINE = Allowance(9, kept_for_live=3, window_seconds=60.0)
_numbers = count()


class Shared(InMemoryAllowanceStore):
    """Stands in for Redis: goes away on demand and counts the questions it got."""

    is_away = False
    questions = 0

    async def take(self, key, call, *, is_live):
        self._answer()
        return await super().take(key, call, is_live=is_live)

    async def leave_alone(self, key, seconds):
        self._answer()
        await super().leave_alone(key, seconds)

    def _answer(self) -> None:
        self.questions += 1
        if self.is_away:
            raise StoreUnavailable


@pytest.fixture
def ticker() -> Ticker:
    return Ticker()


@pytest.fixture
def shared(ticker) -> Shared:
    return Shared(NINE, ticker.seconds)


@pytest.fixture
def processes(shared, ticker) -> list[FallbackAllowanceStore]:
    locals_ = [InMemoryAllowanceStore(NINE.share(3), ticker.seconds) for _ in range(3)]
    return [FallbackAllowanceStore(shared, local, monotonic=ticker.seconds) for local in locals_]


async def granted(store, *, tries: int = 20) -> int:
    return sum([not await store.take("key", str(next(_numbers)), is_live=True) for _ in range(tries)])


async def test_while_redis_is_there_one_process_may_use_the_whole(processes):
    assert await granted(processes[0]) == 9
    assert await granted(processes[1]) == 0


async def test_while_redis_is_away_all_processes_together_stay_within_the_whole(processes, shared):
    shared.is_away = True

    assert [await granted(each) for each in processes] == [3, 3, 3]


async def test_who_used_more_than_its_share_gets_nothing_when_redis_goes(processes, shared):
    assert await granted(processes[0], tries=5) == 5
    shared.is_away = True

    assert await granted(processes[0]) == 0


async def test_a_redis_that_is_away_is_asked_once_a_second(processes, shared, ticker):
    shared.is_away = True
    await granted(processes[0], tries=10)
    assert shared.questions == 1

    ticker.advance(1)
    await granted(processes[0], tries=10)
    assert shared.questions == 2


async def test_a_block_is_heeded_by_all_and_survives_the_loss_of_redis_in_the_process_that_met_it(
    processes, shared, ticker
):
    await processes[0].leave_alone("key", 30)
    assert [await granted(each) for each in processes] == [0, 0, 0]

    shared.is_away = True
    assert await granted(processes[0]) == 0
    ticker.advance(30)
    assert await granted(processes[0]) == 3


async def test_a_block_met_while_redis_is_away_is_remembered(processes, shared):
    shared.is_away = True
    await processes[0].leave_alone("key", 30)
    await processes[0].leave_alone("key", 30)

    assert await granted(processes[0]) == 0
    assert shared.questions == 1
