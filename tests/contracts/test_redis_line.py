"""One connection for many: nobody gets another's answer, and who leaves or fails leaves the others alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import redis.asyncio
import uvloop
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError, ResponseError

from booking_core.adapters.redis import RedisLine, Script

pytestmark = pytest.mark.integration


@pytest.fixture
def line(redis_line) -> RedisLine:
    return redis_line()


@pytest.fixture
async def server(redis_server) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis.from_url(redis_server.url(), decode_responses=True) as client:
        yield client


async def echoes(line: RedisLine, names: range) -> list[bytes]:
    return await asyncio.gather(*(line.ask("ECHO", str(name)) for name in names))


def said(names: range) -> list[bytes]:
    return [str(name).encode() for name in names]


async def the_one(server: redis.asyncio.Redis) -> str:
    """The id of the only connection that has asked for an echo last."""
    (client,) = [each["id"] for each in await server.client_list() if each["cmd"] == "echo"]
    return client


async def test_everybody_gets_their_own_answer_over_one_connection(line, server):
    assert await echoes(line, range(500)) == said(range(500))

    assert await the_one(server)


async def test_answers_of_every_kind_and_size_arrive_whole(line):
    large = bytes(range(256)) * 4000
    many = Script("local all = {} for each = 1, 3 do all[each] = {each, KEYS[1]} end return all")

    answers = await asyncio.gather(
        line.ask("GET", "nobody"), line.ask("ECHO", large), line.run(many, ["key"], []), line.ask("STRLEN", "nobody")
    )

    assert answers == [None, large, [[1, b"key"], [2, b"key"], [3, b"key"]], 0]


async def test_a_question_that_redis_refuses_fails_alone(line):
    before, refused, after = await asyncio.gather(
        line.ask("ECHO", "before"), line.ask("NONSENSE"), line.ask("ECHO", "after"), return_exceptions=True
    )

    assert (before, after) == (b"before", b"after")
    assert isinstance(refused, ResponseError)


async def test_whoever_leaves_before_or_after_it_was_sent_takes_no_answer_from_the_others(line, server):
    await line.ping()
    unsent = asyncio.ensure_future(line.ask("ECHO", "unsent"))
    await asyncio.sleep(0)
    unsent.cancel()
    await server.client_pause(100, all=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await line.ask("ECHO", "late")

    assert await echoes(line, range(10)) == said(range(10))


async def test_a_lost_connection_fails_what_is_under_way_and_the_next_question_connects_anew(line, server):
    await line.ask("ECHO", "first")
    lost = await the_one(server)
    # Asked first and answered last: the connection ends between the two.
    waiting = asyncio.ensure_future(line.ask("BLPOP", "nobody", 0))
    await asyncio.sleep(0.05)
    assert await server.client_kill_filter(_id=lost)

    with pytest.raises(Disconnected, match="hung up"):
        await waiting
    assert await echoes(line, range(3)) == said(range(3))
    assert await the_one(server) != lost


async def test_a_connection_that_owes_answers_and_says_nothing_is_given_up(redis_server, server):
    line = RedisLine(redis_server.url(), silence_seconds=0.05)
    await line.ask("ECHO", "first")
    mute = asyncio.ensure_future(line.ask("BLPOP", "nobody", 0))
    await asyncio.sleep(0.1)

    assert await line.ask("ECHO", "second") == b"second"

    with pytest.raises(Disconnected):
        await mute
    await line.close()


async def test_whoever_asks_a_server_that_is_not_there_hears_so_and_the_next_is_served_once_it_is(tmp_path):
    from stack.redis import PrivateRedis  # noqa: PLC0415

    server = PrivateRedis(tmp_path)
    line = RedisLine(server.url())
    refused = await asyncio.gather(*(line.ping() for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in refused] == [Disconnected] * 3

    server.start()
    try:
        await line.ping()
    finally:
        await line.close()
        server.stop()


def test_a_server_that_hangs_up_at_once_is_tried_once_for_a_question():
    connections = []

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        writer.write(b"-ERR max number of clients reached\r\n")
        writer.close()

    async def ask() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        line = RedisLine(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for _ in range(3):
            with pytest.raises(RedisError):
                async with asyncio.timeout(5):
                    await line.ping()
        await line.close()
        server.close()

    # Production's loop, which hears of the refusal before whoever connected hears that it did.
    uvloop.run(ask())

    assert len(connections) == 3


async def test_the_address_names_the_database(redis_server, redis_line):
    third, first = RedisLine(redis_server.url(database=3)), redis_line()
    await third.ask("SET", "here", "3", "PX", 5000)

    assert (await third.ask("GET", "here"), await first.ask("GET", "here")) == (b"3", None)
    await third.close()


async def test_a_database_that_is_not_there_is_never_another(redis_server):
    line = RedisLine(redis_server.url(database=10_000))

    with pytest.raises(Disconnected, match="out of range"):
        await line.ask("SET", "here", "3")


async def test_the_address_says_who_we_are(redis_server, server):
    await server.acl_setuser("tester", enabled=True, passwords=["+secret"], commands=["+@all"], keys=["*"])
    known, unknown = (RedisLine(f"{redis_server.url()}&username=tester&password={word}") for word in ("secret", "x"))

    assert await known.ask("ACL", "WHOAMI") == b"tester"
    with pytest.raises(RedisError, match="WRONGPASS"):
        await unknown.ask("ACL", "WHOAMI")
    await known.close()
    await server.acl_deluser("tester")


async def test_each_question_is_watched_from_asking_to_its_answer_by_its_name_alone(redis_server):
    watched = []

    @contextmanager
    def watch(name: str) -> Iterator[None]:
        watched.append(name)
        yield
        watched.append(f"end of {name}")

    line = RedisLine(redis_server.url(), watched=watch)
    await line.ask("ECHO", "a secret")
    await line.close()

    assert watched == ["ECHO", "end of ECHO"]


async def test_whoever_still_waits_at_the_end_hears_so(redis_server):
    line = RedisLine(redis_server.url())
    await line.ping()
    waiting = asyncio.ensure_future(line.ask("BLPOP", "nobody", 0))
    await asyncio.sleep(0.05)

    await line.close()

    with pytest.raises(Disconnected):
        await waiting
