"""The cache store's contract, held by the fake and by Redis alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from booking_core.adapters.redis import RedisLine
from booking_core.adapters.redis_cache import RedisCacheStore
from booking_core.caching.store import Busy, CacheStore, Found, Lease
from booking_core.resilience.breaker_store import StoreUnavailable
from tests.fakes import FakeCacheStore


@pytest.fixture(params=["fake", pytest.param("redis", marks=pytest.mark.integration)])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[CacheStore]:
    if request.param == "fake":
        yield FakeCacheStore()
        return
    line = RedisLine(request.getfixturevalue("redis_server").url())
    yield RedisCacheStore(line, timeout_seconds=5)
    await line.close()


@pytest.fixture
def name() -> str:
    return f"company:{{{uuid4()}}}:phone:x"


async def lease(store: CacheStore, name: str) -> Lease:
    answer = await store.look(name)
    assert isinstance(answer, Lease)
    return answer


async def test_the_first_who_misses_an_entry_may_write_it_and_the_others_wait(store, name):
    first = await lease(store, name)
    assert await store.look(name) == Busy()

    assert await store.fill(name, first, b"bytes \x00 and all", seconds=60)
    assert await store.look(name) == Found(b"bytes \x00 and all")


async def test_a_late_write_cannot_bring_back_the_past(store, name):
    late = await lease(store, name)
    await store.drop([name])

    assert not await store.fill(name, late, b"old", seconds=60)
    newer = await lease(store, name)
    assert not await store.fill(name, late, b"old", seconds=60)
    assert await store.fill(name, newer, b"new", seconds=60)
    assert not await store.fill(name, late, b"old", seconds=60)
    assert await store.look(name) == Found(b"new")


async def test_what_is_dropped_is_gone_and_nothing_else_is(store, name):
    for each in (name, f"{name}2", f"{name}3"):
        await store.fill(each, await lease(store, each), b"x", seconds=60)

    await store.drop([name, f"{name}2"])

    assert [type(await store.look(each)) for each in (name, f"{name}2", f"{name}3")] == [Lease, Lease, Found]


@pytest.mark.integration
async def test_a_flushed_redis_takes_no_write_from_before(redis_line, name):
    line = redis_line()
    store = RedisCacheStore(line, timeout_seconds=5)
    late = await lease(store, name)
    await line.ask("FLUSHALL")

    assert not await store.fill(name, late, b"old", seconds=60)


@pytest.mark.integration
async def test_entries_and_leases_end_by_themselves(redis_line, name):
    line = redis_line()
    store = RedisCacheStore(line, timeout_seconds=5)
    held = await lease(store, name)
    assert 0 < await line.ask("PTTL", f"{name}:lease") <= 2000

    await store.fill(name, held, b"x", seconds=60)

    assert 59_000 < await line.ask("PTTL", name) <= 60_000
    assert not await line.ask("EXISTS", f"{name}:lease")


@pytest.mark.integration
async def test_a_redis_that_is_not_there_is_unavailable_at_once(server_room, name):
    store = RedisCacheStore(RedisLine(f"unix://{server_room}/nobody.sock"))

    with pytest.raises(StoreUnavailable):
        await store.look(name)
