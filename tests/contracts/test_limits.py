"""The store of request counts: the fake and Redis keep the same count; then what happens when Redis is away."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking_core.adapters.redis import RedisLine
from booking_core.adapters.redis_limits import RedisLimitStore
from booking_core.resilience.breaker_store import StoreUnavailable
from booking_core.resilience.limits import Limit, Limits, Quota
from tests.fakes.limits import FakeLimitStore

TEN = Limit("test", 10, 60)


class Timed(FakeLimitStore):
    """A real store that asks by the fake's clock."""

    def __init__(self, real: RedisLimitStore) -> None:
        super().__init__()
        self._real = real

    async def take(self, limit: Limit, subject: str) -> Quota:
        return await self._real.take(limit, subject, now=self.now)


@pytest.fixture(params=["fake", pytest.param("redis", marks=pytest.mark.integration)])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[FakeLimitStore]:
    if request.param == "fake":
        yield FakeLimitStore()
        return
    # Longer than production waits: a busy machine must not decide a test.
    line = RedisLine(request.getfixturevalue("redis_server").url())
    yield Timed(RedisLimitStore(line, timeout_seconds=5))
    await line.close()


async def test_as_many_as_the_limit_allows_and_then_no_more(store):
    subject = uuid4().hex

    quotas = [await store.take(TEN, subject) for _ in range(11)]

    assert [each.remaining for each in quotas] == [*range(9, -1, -1), 0]
    assert [each.is_exceeded for each in quotas] == [False] * 10 + [True]


async def test_one_subject_does_not_use_up_anothers(store):
    subject = uuid4().hex
    for _ in range(11):
        await store.take(TEN, subject)

    assert not (await store.take(TEN, uuid4().hex)).is_exceeded
    assert not (await store.take(Limit("another", 10), subject)).is_exceeded


async def test_a_burst_at_the_end_of_a_window_is_not_doubled_at_the_beginning_of_the_next(store):
    subject = uuid4().hex
    store.now = 59.0
    for _ in range(10):
        await store.take(TEN, subject)
    store.now = 60.0

    assert (await store.take(TEN, subject)).is_exceeded


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gaps=st.lists(st.floats(0, 30), min_size=1, max_size=60))
async def test_whoever_waits_as_told_is_served_and_no_window_holds_twice_the_limit(store, gaps):
    subject, served = uuid4().hex, []
    store.now = 1000.0
    for gap in gaps:
        store.now += gap
        quota = await store.take(TEN, subject)
        if quota.retry_after_seconds is not None:
            store.now += quota.retry_after_seconds + 0.01
            quota = await store.take(TEN, subject)
        assert not quota.is_exceeded
        served.append(store.now)

    for moment in served:
        assert len([each for each in served if moment - 60 < each <= moment]) < 2 * TEN.requests


@pytest.mark.integration
async def test_redis_that_is_gone_is_said_at_once(server_room):
    store = RedisLimitStore(RedisLine(f"unix://{server_room}/nowhere.sock"))
    begun = time.monotonic()

    with pytest.raises(StoreUnavailable):
        await store.take(TEN, "somebody")

    # A bound that no load reaches: what is to be seen is that nobody tries ten times.
    assert time.monotonic() - begun < 5


@pytest.mark.integration
async def test_the_servers_own_clock_counts_as_well(redis_line):
    store = RedisLimitStore(redis_line(), timeout_seconds=5)

    quota = await store.take(TEN, uuid4().hex)

    assert (quota.remaining, quota.is_exceeded) == (9, False)
    assert 0 < quota.reset_seconds <= TEN.window_seconds


async def test_without_a_count_everybody_may_ask_and_one_request_a_second_looks_whether_it_is_back():
    store, now = FakeLimitStore(), [0.0]
    one = {name: Limit(name, 1) for name in ("key", "phone", "call")}
    limits = Limits(store, **one, monotonic=lambda: now[0])
    store.down = True

    assert [await limits.take(limits.key, "x") for _ in range(3)] == [None] * 3
    assert store.asked == 1

    store.down, now[0] = False, 1.0
    quotas = [await limits.take(limits.key, "x") for _ in range(2)]
    assert [quota.is_exceeded for quota in quotas if quota] == [False, True]


async def test_a_limit_of_none_is_no_limit():
    store = FakeLimitStore()
    limits = Limits(store, key=Limit("key", 0), phone=Limit("phone", 0), call=Limit("call", 0))

    assert [await limits.take(limits.phone, "x") for _ in range(3)] == [None] * 3
    assert store.asked == 0
