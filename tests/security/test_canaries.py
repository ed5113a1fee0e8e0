"""Somebody unmistakable books in every way there is; then everything that is written down is searched for them."""

# ruff: noqa: S608 - the names of the tables come from the tables

from __future__ import annotations

import hashlib
import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
import pytest
import redis.asyncio
import structlog
from prometheus_client import CollectorRegistry, generate_latest

from booking_core.adapters import retell
from booking_core.adapters.calcom import CalcomClient
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.adapters.redis_cache import RedisCacheStore
from booking_core.adapters.redis_limits import RedisLimitStore
from booking_core.app import World, assemble, web
from booking_core.resilience.limits import limits
from booking_core.telemetry.log_fields import FIELDS
from booking_core.telemetry.recorder import Recorder
from sla import logs
from tests.contracts.rows import fill
from tests.factories import API_KEY, NOW, SALON
from tests.fakes import FakeClock, FakeMailer
from tests.security.salons import OF_TENANTS

pytestmark = pytest.mark.integration

NAME, PHONE, EMAIL = "Zacharias Kanarienvogel", "+4930901824", "zk@kanarienvogel.example"
SPOKEN = "my secret is the yellow feather"
CANARIES = ("Zacharias", "Kanarienvogel", "kanarienvogel", "901824", "yellow feather")
KEY = {"Authorization": f"Bearer {API_KEY}"}
# Their business is to hold it: what a customer is called, and what others told us, as they told it.
HOLDERS = {"customers", "webhook_inbox"}


@dataclass
class Calendar:
    """Cal.com as HTTP, well, ill or talkative; it keeps every request."""

    requests: list[httpx.Request] = field(default_factory=list)
    status: int = 201
    surprise: Exception | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.surprise is not None:
            raise self.surprise
        if request.method == "GET":
            return httpx.Response(200, json={"status": "success", "data": {} if "slots" in request.url.path else []})
        if self.status >= 400:
            error = {"code": "BadRequestException", "message": f"{NAME} <{EMAIL}> at {PHONE} cannot be booked"}
            return httpx.Response(self.status, json={"status": "error", "error": error})
        return httpx.Response(201, json={"status": "success", "data": {"uid": "uid-1", "status": "accepted"}})


@dataclass
class Aviary:
    """The core with real stores, and all that may be searched."""

    client: httpx.AsyncClient
    calendar: Calendar
    mailer: FakeMailer
    registry: CollectorRegistry

    async def book(self, hour: int, *, keyed: bool = True, **changed: Any) -> httpx.Response:
        customer = {"name": NAME, "phone": PHONE, "email": EMAIL}
        body = {"service": "haircut", "start": f"2026-12-02T{hour:02}:00", "customer": customer, **changed}
        key = {"Idempotency-Key": hashlib.sha256(repr(body).encode()).hexdigest()} if keyed else {}
        return await self.client.post("/v1/bookings", json=body, headers={**KEY, **key})

    async def call(self, function: str, args: dict[str, Any]) -> httpx.Response:
        spoken = [{"role": "user", "content": SPOKEN}]
        call = {"call_id": "call-1", "from_number": PHONE, "transcript": SPOKEN, "transcript_object": spoken}
        return await self.signed("/v1/retell/salon-token/functions", {"name": function, "args": args, "call": call})

    async def signed(self, path: str, body: dict[str, Any]) -> httpx.Response:
        raw = json.dumps(body).encode()
        signature = retell.sign(raw, SALON.retell_api_key, now=NOW)
        return await self.client.post(path, content=raw, headers={retell.HEADER: signature})


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Every log line, as production writes them, debug lines included."""
    written, stderr = io.StringIO(), sys.stderr
    root, handlers, level = logging.getLogger(), logging.getLogger().handlers[:], logging.getLogger().level
    sys.stderr = written
    logs.configure("debug", fields=FIELDS)
    sys.stderr = stderr
    # Loggers that remember this configuration would keep it for the tests after this one.
    structlog.configure(cache_logger_on_first_use=False)
    yield written
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
async def aviary(database_url, owner_url, redis_line, lines) -> AsyncIterator[Aviary]:
    fill(owner_url)
    calendar, registry, mailer = Calendar(), CollectorRegistry(), FakeMailer()
    line = redis_line()
    database, cache = PostgresDatabase(database_url), RedisCacheStore(line, timeout_seconds=5)
    counts = RedisLimitStore(line, timeout_seconds=5)
    http = httpx.AsyncClient(transport=httpx.MockTransport(calendar.answer), base_url="http://calendar/v2")
    allowed = limits(counts, key=1000, phone=1000, call=1000)
    calcom, clock, recorder = CalcomClient(http), FakeClock(NOW), Recorder(registry)
    world = World(database, calcom, mailer, clock, recorder, cache, "pepper", allowed)
    core = assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0)
    app = web(world, core, body_limit_bytes=1024 * 1024, prompt_v2_percent=50)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://core") as client:
        yield Aviary(client, calendar, mailer, registry)
    await core.bus.drain()
    for close in (database.close, http.aclose):
        await close()


async def live_through_everything(aviary: Aviary) -> dict[str, int]:
    """Success, repetition, refusals, failures, doubts and surprises; return the status of each."""
    told = {
        "booked": await aviary.book(10),
        "repeated": await aviary.book(10),
        "taken": await aviary.book(10, staff="anna"),
    }
    told["heard wrongly"] = await aviary.book(11, customer={"name": NAME, "phone": f"{PHONE} oder so", "email": EMAIL})
    told["no address"] = await aviary.book(12, customer={"name": NAME, "phone": PHONE, "email": "kanarienvogel"})
    told["unknown service"] = await aviary.book(12, keyed=False, service=f"whatever {NAME} had")
    told["unknown staff"] = await aviary.book(12, keyed=False, staff=NAME)
    told["no body"] = await aviary.book(12, customer={"name": NAME, "fone": PHONE})
    told["no text"] = await aviary.book(13, customer={"name": f"{NAME}\x00", "phone": PHONE})
    told["called"] = await aviary.call(
        "book_appointment", {"service": "cut", "start": "2026-12-02T14:00", "name": NAME}
    )
    told["misheard"] = await aviary.call("book_appointment", {"service": "cut", "start": NAME, "name": [NAME]})
    told["rings"] = await aviary.signed(
        "/v1/retell/salon-token/inbound", {"event": "call_inbound", "call_inbound": {"from_number": PHONE}}
    )
    told["hangs up"] = await aviary.signed(
        "/v1/webhooks/retell/salon-token",
        {"event": "call_ended", "call": {"call_id": "call-1", "from_number": PHONE, "transcript": SPOKEN}},
    )
    for hour, status in ((15, 400), (16, 500), (17, 429)):
        aviary.calendar.status = status
        told[f"Cal.com says {status}"] = await aviary.book(hour)
    aviary.calendar.status = 201
    for hour, surprise in ((18, httpx.ConnectError(f"{NAME} did not answer")), (19, RuntimeError(f"{NAME} {PHONE}"))):
        aviary.calendar.surprise = surprise
        told[f"surprised by a {type(surprise).__name__}"] = await aviary.book(hour)
    aviary.calendar.surprise = None
    aviary.mailer.error = RuntimeError(f"{EMAIL} does not exist")
    told["without a letter"] = await aviary.book(9)
    return {name: answer.status_code for name, answer in told.items()}


async def contents(redis_url: str) -> str:
    """Return every name and value in Redis."""
    async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True) as server:
        found = []
        async for key in server.scan_iter():
            read = {"string": server.get, "hash": server.hgetall, "zset": lambda key: server.zrange(key, 0, -1)}
            found.append((key, await read[await server.type(key)](key)))
    return repr(found)


def tables(owner_url: str, names: Sequence[str]) -> dict[str, str]:
    with psycopg.connect(owner_url.replace("+psycopg", "")) as owner:
        return {each: str(owner.execute(f"SELECT t::text FROM {each} t").fetchall()) for each in names}


def found_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


async def test_nobody_is_named_where_nobody_should_be(aviary, lines, redis_server, owner_url):
    statuses = await live_through_everything(aviary)

    written = lines.getvalue()
    names = [each for each in (*OF_TENANTS, "procrastinate_jobs") if each not in HOLDERS]
    places = {
        "log": written,
        "metrics": generate_latest(aviary.registry).decode(),
        "Redis": await contents(redis_server.url()),
        **tables(owner_url, names),
    }
    assert {place: found_in(text) for place, text in places.items() if found_in(text)} == {}
    # The search is worth something only if all of it has happened.
    assert (statuses["booked"], statuses["called"], statuses["hangs up"]) == (201, 200, 204), statuses
    assert len(written.splitlines()) > 10, written
    assert "RuntimeError" in written
    assert places["Redis"] != "[]"
    assert found_in(tables(owner_url, ["customers"])["customers"]) != []


async def test_cal_com_is_told_of_a_person_as_its_attendee_and_nowhere_else(aviary):
    await live_through_everything(aviary)

    assert len(aviary.calendar.requests) > 5
    for request in aviary.calendar.requests:
        body = json.loads(request.content or b"{}")
        told = body.pop("attendee", None)
        assert found_in(f"{request.url} {dict(request.headers)} {body}") == []
        assert told is None or set(told) <= {"name", "email", "phoneNumber", "timeZone"}
