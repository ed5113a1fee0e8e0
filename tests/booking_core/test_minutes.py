"""The lines of the INFO tier: each booking, and once a minute what the database and the caches were asked."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from booking_core.app import web
from booking_core.domain.errors import CalcomUnavailable
from booking_core.telemetry.log_fields import FIELDS
from booking_core.telemetry.minutes import SECONDS, Minutes
from booking_core.telemetry.recorder import Recorder
from sla.discretion import ALWAYS
from tests.booking_core.conftest import Stage
from tests.booking_core.test_tracing import BOOKING, Traced
from tests.factories import API_KEY, SALON


class Sleep:
    """Time passes when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked: list[float] = []
        self._awake = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._awake.clear()
        await self._awake.wait()

    async def passes(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += seconds
        self._awake.set()
        # One turn to wake up and tell, one to lie down again.
        for _ in range(3):
            await asyncio.sleep(0)


def a_busy_minute(recorder: Recorder) -> None:
    for _ in range(19):
        recorder.statement_ran("select", 0.0015)
    recorder.statement_ran("insert", 0.75)
    for result, times in (("hit", 6), ("miss", 3), ("error", 1)):
        for _ in range(times):
            recorder.cache_looked("user", result)


async def test_a_minute_is_a_line_of_statements_and_a_line_of_lookups():
    recorder, sleep = Recorder(CollectorRegistry()), Sleep()
    a_busy_minute(recorder)  # before we began: a predecessor's in this slot
    minutes = Minutes(recorder, sleep=sleep, monotonic=lambda: sleep.now)

    with capture_logs() as lines:
        async with minutes.told():
            a_busy_minute(recorder)
            await sleep.passes(61.04)
            await sleep.passes(60)

    # 19 of 20 lie in the bucket from 1 to 2.5 ms, the 95th percentile at its end.
    statements = {"event": "statements_counted", "log_level": "info", "seconds": 61.0}
    lookups = {"event": "cache_lookups_counted", "log_level": "info", "seconds": 61.0}
    assert lines == [
        statements | {"queries": 20, "p95_seconds": 0.0025},
        lookups | {"lookups": 10, "hits": 6, "errors": 1, "hit_ratio": 0.6},
        statements | {"seconds": 60.0, "queries": 0, "p95_seconds": None},
        lookups | {"seconds": 60.0, "lookups": 0, "hits": 0, "errors": 0, "hit_ratio": None},
    ]
    assert set(sleep.asked) == {SECONDS}


async def test_every_word_of_the_lines_may_be_printed():
    minutes = Minutes(Recorder(CollectorRegistry()))

    with capture_logs() as lines:
        minutes.tell()

    assert {field for line in lines for field in line} - {"log_level"} <= FIELDS | ALWAYS


async def test_a_worker_that_serves_tells_its_minutes_and_one_that_ends_does_not(stage: Stage):
    app = web(stage.world, stage.core, body_limit_bytes=1024, prompt_v2_percent=0)
    came, done = asyncio.Event(), asyncio.Event()
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive():
        if len(messages) == 1:
            await done.wait()
        return messages.pop(0)

    async def send(message):
        came.set()

    living = asyncio.create_task(app({"type": "lifespan", "asgi": {}, "state": {}}, receive, send))
    await came.wait()
    telling = [task.get_name() for task in asyncio.all_tasks()]
    done.set()
    await living

    assert "minutes" in telling
    assert "minutes" not in [task.get_name() for task in asyncio.all_tasks()]


@pytest.fixture
def printed():
    """What every line says of the request or job that it was written in."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


async def test_every_line_of_a_booking_carries_both_ids(stage: Stage, printed):
    traced = Traced(stage.world)

    assert (await traced.book()).status_code == 201

    (request,) = [span for span in traced.spans() if span.name == "POST /v1/bookings"]
    trace_id = format(request.context.trace_id, "032x")
    assert "appointment_booked" in [line["event"] for line in printed]
    assert {(line.get("correlation_id"), line.get("trace_id")) for line in printed} == {("call-1", trace_id)}


async def test_what_a_job_settles_is_logged_under_the_ids_of_the_call_and_of_the_job(stage: Stage, printed):
    stage.calcom.error = CalcomUnavailable()
    async with stage.client() as client:
        headers = {"authorization": f"Bearer {API_KEY}", "x-request-id": "call-1"}
        answer = await client.post("/v1/bookings", json=BOOKING, headers=headers)
    await stage.core.bus.drain()
    stage.calcom.error = None
    printed.clear()
    structlog.contextvars.clear_contextvars()
    traced = Traced(stage.world)

    with traced.tracing.job("settle"):
        await stage.core.settlement.settle(SALON.id, UUID(answer.json()["appointment_id"]), tries=0)
        await stage.core.bus.drain()

    (job,) = [span for span in traced.spans() if span.name == "job settle"]
    assert "appointment_booked" in [line["event"] for line in printed]
    assert {(line.get("correlation_id"), line.get("trace_id")) for line in printed} == {
        ("call-1", format(job.context.trace_id, "032x"))
    }
