"""The allowance store's contract, held by memory and by Redis alike; then what only Redis has to promise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import count, pairwise
from uuid import uuid4

import pytest
import redis.asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking_core.adapters.redis import RedisLine
from booking_core.adapters.redis_allowance import RedisAllowanceStore
from booking_core.resilience.allowance import Allowance, AllowanceStore, key_name
from booking_core.resilience.breaker_store import StoreUnavailable
from booking_core.resilience.local_allowance import InMemoryAllowanceStore
from tests.booking_core.resilience.reference import Ticker

# Ten in a minute, of which the background leaves four: one of its calls every ten seconds.
TEN = Allowance(10, kept_for_live=4, window_seconds=60.0)
A_MICROSECOND = 0.000001


@dataclass
class Bench:
    """A store, its clock, and one key of the test's own."""

    store: AllowanceStore
    ticker: Ticker
    key: str = field(default_factory=lambda: key_name(uuid4().hex))
    calls: Callable[[], int] = field(default_factory=lambda: count().__next__)

    async def take(self, *, is_live: bool = True, key: str | None = None) -> float:
        return await self.store.take(key or self.key, f"call-{self.calls()}", is_live=is_live)

    async def use_up(self, calls: int = 10) -> None:
        assert [await self.take() for _ in range(calls)] == [0.0] * calls


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    ticker = Ticker()
    if request.param == "memory":
        yield Bench(InMemoryAllowanceStore(TEN, ticker.seconds), ticker)
        return
    line = RedisLine(request.getfixturevalue("redis_server").url())
    yield Bench(RedisAllowanceStore(line, TEN, timeout_seconds=5, server_time=ticker.seconds), ticker)
    await line.close()


async def test_so_many_calls_are_granted_and_the_next_is_told_when_to_come(bench):
    await bench.use_up()
    bench.ticker.advance(12)

    assert await bench.take() == 48.0


async def test_a_call_counts_until_it_is_exactly_as_old_as_the_window(bench):
    await bench.use_up()
    bench.ticker.advance(60 - A_MICROSECOND)
    assert await bench.take() == pytest.approx(A_MICROSECOND)

    bench.ticker.advance(A_MICROSECOND)

    assert await bench.take() == 0.0


async def test_the_window_slides_and_does_not_tumble(bench):
    await bench.use_up(5)
    bench.ticker.advance(59)
    await bench.use_up(5)
    bench.ticker.advance(1)

    await bench.use_up(5)
    assert await bench.take() == 59.0


async def test_what_is_refused_uses_nothing_up(bench):
    await bench.use_up()
    for _ in range(50):
        assert await bench.take() > 0

    bench.ticker.advance(60)

    await bench.use_up()


async def test_the_background_leaves_a_reserve_to_live_calls(bench):
    await bench.use_up(6)

    assert await bench.take(is_live=False) == 60.0
    await bench.use_up(4)
    assert await bench.take() == 60.0


async def test_the_background_keeps_an_even_distance_and_live_calls_do_not(bench):
    assert await bench.take(is_live=False) == 0.0
    bench.ticker.advance(4)

    assert await bench.take(is_live=False) == 6.0
    await bench.use_up(3)

    bench.ticker.advance(6)
    assert await bench.take(is_live=False) == 0.0


async def test_a_key_that_cal_com_blocked_is_left_alone_by_everybody_and_no_other_key_is(bench):
    await bench.store.leave_alone(bench.key, 30)
    bench.ticker.advance(10)

    assert await bench.take() == 20.0
    assert await bench.take(is_live=False) == 20.0
    assert await bench.take(key="another") == 0.0

    bench.ticker.advance(20)
    assert await bench.take() == 0.0


async def test_a_shorter_block_does_not_end_a_longer_one(bench):
    await bench.store.leave_alone(bench.key, 90)
    await bench.store.leave_alone(bench.key, 5)
    bench.ticker.advance(80)

    assert await bench.take() == 10.0


async def test_calls_told_from_elsewhere_count_once_from_when_they_were_granted(bench):
    ages = {f"told-{number}": 50.0 for number in range(9)} | {"too old": 60.0}
    for _ in range(3):
        await bench.store.remember(bench.key, ages)

    await bench.use_up(1)
    assert await bench.take() == 10.0
    bench.ticker.advance(10)
    await bench.use_up(9)


async def test_a_share_of_nothing_lets_nobody_in():
    store = InMemoryAllowanceStore(TEN.share(11), Ticker().seconds)

    assert await store.take("key", "call", is_live=True) == 60.0


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([0.0, A_MICROSECOND, 0.5, 9.999999, 10.0, 59.999999, 60.0]), st.booleans()),
        max_size=80,
    )
)
def test_in_no_window_are_more_granted_than_allowed(steps):
    ticker, granted, background = Ticker(), [], []
    store = InMemoryAllowanceStore(TEN, ticker.seconds)

    async def take_all() -> None:
        for number, (seconds, is_live) in enumerate(steps):
            ticker.advance(seconds)
            if not await store.take("key", str(number), is_live=is_live):
                granted.append(ticker.now)
                background.extend([] if is_live else [ticker.now])

    asyncio.run(take_all())

    for begins in granted:
        assert sum(begins <= at < begins + 60_000_000 for at in granted) <= 10
    assert all(later - earlier >= 10_000_000 for earlier, later in pairwise(background))


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 7, 200])
def test_the_shares_of_all_processes_are_within_the_whole(processes):
    whole = Allowance()
    share = whole.share(processes)

    assert share.calls * processes <= whole.calls


def test_an_allowance_that_leaves_nothing_to_the_background_is_refused():
    with pytest.raises(ValueError, match="20 cannot be kept"):
        Allowance(20, kept_for_live=20)


def test_the_name_of_a_key_tells_nothing_of_it():
    assert "cal_live" not in key_name("cal_live_secret")
    assert key_name("cal_live_secret") == key_name("cal_live_secret") != key_name("cal_live_other")


@pytest.fixture
async def server(redis_server) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(redis_server.url(), decode_responses=True)
    yield client
    await client.aclose()


@pytest.mark.integration
async def test_all_processes_at_once_get_exactly_the_whole(redis_line):
    stores = [RedisAllowanceStore(redis_line(), TEN, timeout_seconds=5) for _ in range(6)]
    key = key_name(uuid4().hex)

    waits = await asyncio.gather(
        *(
            store.take(key, f"{number}-{turn}", is_live=True)
            for number, store in enumerate(stores)
            for turn in range(20)
        )
    )

    assert sum(wait == 0 for wait in waits) == 10


@pytest.mark.integration
async def test_a_server_that_forgot_everything_is_told_again_by_every_process(redis_line, server):
    ticker = Ticker()
    memories = [InMemoryAllowanceStore(TEN, ticker.seconds) for _ in range(2)]
    stores = [
        RedisAllowanceStore(redis_line(), TEN, own=each.ages, timeout_seconds=5, server_time=ticker.seconds)
        for each in memories
    ]
    key, numbers = key_name(uuid4().hex), count()

    async def take(process: int) -> float:
        call = str(next(numbers))
        wait = await stores[process].take(key, call, is_live=True)
        if not wait:
            await memories[process].remember(key, {call: 0.0})
        return wait

    for process in (0, 1, 1, 1):
        assert await take(process) == 0.0
    await server.delete(f"allowance:{{{key}}}", f"allowance:{{{key}}}:calls")
    ticker.advance(1)

    assert [await take(process) for process in (0, 1)] == [0.0, 0.0]
    assert await server.zcard(f"allowance:{{{key}}}:calls") == 6


@pytest.mark.integration
async def test_keys_vanish_when_idle_and_a_block_outlasts_the_window(redis_line, server):
    store = RedisAllowanceStore(redis_line(), TEN, timeout_seconds=5)
    key = key_name(uuid4().hex)
    name = f"allowance:{{{key}}}"

    await store.take(key, "call", is_live=True)
    assert 59_000 < await server.pttl(name) <= 60_000
    assert 59_000 < await server.pttl(f"{name}:calls") <= 60_000

    await store.leave_alone(key, 300)
    assert await store.take(key, "another", is_live=True) == pytest.approx(300, abs=5)
    assert 295_000 < await server.pttl(name) <= 300_000


@pytest.mark.integration
async def test_a_server_that_is_not_there_or_hangs_is_unavailable(server_room, redis_line, server):
    absent = RedisAllowanceStore(RedisLine(f"unix://{server_room}/nobody.sock"), TEN)
    with pytest.raises(StoreUnavailable, match="allowance"):
        await absent.take("key", "call", is_live=True)

    hanging = RedisAllowanceStore(redis_line(), TEN)
    await hanging.take("key", "call", is_live=True)
    await server.client_pause(400, all=True)
    with pytest.raises(StoreUnavailable):
        await hanging.take("key", "another", is_live=True)
    await asyncio.sleep(0.5)


@pytest.mark.integration
def test_redis_agrees_with_memory(redis_server):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from([0.0, A_MICROSECOND, 5.0, 9.999999, 10.0, 59.999999, 60.0]),
                st.sampled_from(["live", "background", "alone", "told"]),
            ),
            max_size=40,
        )
    )
    def agrees(steps):
        async def play() -> None:
            ticker, key = Ticker(), key_name(uuid4().hex)
            memory = InMemoryAllowanceStore(TEN, ticker.seconds)
            line = RedisLine(redis_server.url())
            shared = RedisAllowanceStore(line, TEN, timeout_seconds=5, server_time=ticker.seconds)
            for number, (seconds, step) in enumerate(steps):
                ticker.advance(seconds)
                said = []
                for store in (memory, shared):
                    match step:
                        case "alone":
                            await store.leave_alone(key, 15)
                        case "told":
                            await store.remember(key, {f"told-{number}": 30.0})
                        case _:
                            said.append(await store.take(key, str(number), is_live=step == "live"))
                assert len(set(said)) <= 1, said
            await line.close()

        asyncio.run(play())

    agrees()
