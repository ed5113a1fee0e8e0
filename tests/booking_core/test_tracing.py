"""One trace from the voice agent's call to Cal.com's answer, in which no customer can be recognised; off, it costs
nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import httpx
import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import CollectorRegistry
from starlette.types import Receive, Scope, Send

from booking_core.adapters.calcom import CalcomClient
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.app import World, assemble, web
from booking_core.http.middleware import CORRELATION_HEADER
from booking_core.telemetry.recorder import Recorder
from booking_core.telemetry.traced import SWITCH, is_wanted
from booking_core.telemetry.tracing import Tracing
from tests import factories
from tests.booking_core.conftest import Stage
from tests.contracts.rows import fill
from tests.factories import API_KEY, NOW, SALON
from tests.fakes import FakeClock, FakeMailer
from tests.otlp import attributes, receiving

NAME, PHONE, EMAIL = "Erika Kanarienvogel", "+4930901820", "kanarienvogel@example.org"
CANARIES = ("Kanarienvogel", "kanarienvogel", "30901820", API_KEY, SALON.token, SALON.calcom_api_key)
BOOKING = {
    "service": "haircut",
    "start": factories.TEN_O_CLOCK_LOCAL,
    "customer": {"name": NAME, "phone": PHONE, "email": EMAIL},
}


class Traced:
    """A core whose traces stay in memory; Cal.com answers and remembers the headers."""

    def __init__(self, world: World, *, ratio: float = 1.0, chance: float = 0.0) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracing = Tracing(role="http", exporter=self.exporter, ratio=ratio, chance=lambda: chance)
        self.asked: list[httpx.Request] = []
        self.created = httpx.Response(201, json={"status": "success", "data": {"uid": "abc", "status": "accepted"}})
        self.says: httpx.Response | Exception | None = self.created
        transport = self.tracing.watch_client(httpx.MockTransport(self._answer))
        self.client = httpx.AsyncClient(base_url="http://calcom/v2", transport=transport)
        world = replace(world, calcom=CalcomClient(self.client), tracing=self.tracing)
        self.core = assemble(
            world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0
        )
        self.app = web(world, self.core, body_limit_bytes=1024 * 1024, prompt_v2_percent=0)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        # What every log line says that is written now.
        self.bound = structlog.contextvars.get_contextvars()
        match self.says:
            case httpx.Response():
                return self.says
            case None:
                await asyncio.Event().wait()
                raise AssertionError("nobody set it")
            case error:
                raise error

    async def book(self, **more: str) -> httpx.Response:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://core")
        headers = {"authorization": f"Bearer {API_KEY}", CORRELATION_HEADER: "call-1", **more}
        async with client:
            answer = await client.post("/v1/bookings", json=BOOKING, headers=headers)
        await self.core.bus.drain()
        return answer

    def spans(self) -> list[ReadableSpan]:
        self.tracing.stop()
        return list(self.exporter.get_finished_spans())


@pytest.fixture
def traced(stage: Stage) -> Traced:
    return Traced(stage.world)


async def test_the_request_and_the_call_to_cal_com_are_one_trace_that_is_handed_on(traced):
    assert (await traced.book()).status_code == 201

    spans = {span.name: span for span in traced.spans()}
    request, call = spans["POST /v1/bookings"], spans["POST"]
    assert call.context.trace_id == request.context.trace_id
    assert call.parent.span_id == request.context.span_id
    assert request.attributes["correlation_id"] == "call-1"
    assert traced.asked[0].headers["traceparent"].split("-")[1] == format(request.context.trace_id, "032x")


async def test_spans_speak_in_the_words_of_the_semantic_conventions(traced):
    await traced.book()

    spans = {span.name: span for span in traced.spans()}
    request, call = spans["POST /v1/bookings"], spans["POST"]
    assert (request.kind, request.status.status_code) == (SpanKind.SERVER, StatusCode.UNSET)
    assert request.attributes == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.route": "/v1/bookings",
        "http.response.status_code": 201,
        "correlation_id": "call-1",
    }
    assert (call.kind, call.status.status_code) == (SpanKind.CLIENT, StatusCode.UNSET)
    assert call.attributes == {
        "http.request.method": "POST",
        "server.address": "calcom",
        "http.response.status_code": 201,
    }
    assert request.start_time <= call.start_time <= call.end_time <= request.end_time


@pytest.mark.parametrize(
    ("says", "failed"),
    [
        (httpx.Response(503), {"http.response.status_code": 503, "error.type": "503"}),
        (httpx.ConnectError(f"for {NAME}"), {"error.type": "httpx.ConnectError"}),
        # Too late: whoever waits for it gives up.
        (None, {"error.type": "asyncio.exceptions.CancelledError"}),
    ],
)
async def test_a_call_that_fails_or_never_comes_back_is_an_error_without_its_words(traced, says, failed):
    traced.says = says

    with traced.tracing.job("settle"), suppress(httpx.ConnectError, TimeoutError):
        async with asyncio.timeout(0.01):
            await traced.client.get("/me")

    call = next(span for span in traced.spans() if span.name == "GET")
    assert call.attributes == {"http.request.method": "GET", "server.address": "calcom", **failed}
    assert (call.status.status_code, call.status.description) == (StatusCode.ERROR, None)


async def test_a_request_that_raises_is_an_error_and_one_to_nowhere_has_no_route(traced):
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    transport = httpx.ASGITransport(traced.tracing.watch_app(broken), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://core") as client:
        await client.get("/nowhere/in/particular")

    (request,) = traced.spans()
    assert (request.name, request.status.status_code) == ("GET", StatusCode.ERROR)
    assert request.attributes["http.response.status_code"] == 500
    assert "http.route" not in request.attributes


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz"])
async def test_questions_about_health_are_not_traced(traced, path):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(traced.app), base_url="http://core") as client:
        await client.get(path)

    assert traced.spans() == []


async def test_a_question_to_redis_is_a_span_and_one_that_fails_an_error(traced):
    with traced.tracing.job("settle"), suppress(TimeoutError):
        with traced.tracing.redis_asked("GET"):
            pass
        with traced.tracing.redis_asked("EVALSHA"):
            raise TimeoutError

    found, late, job = traced.spans()
    assert found.attributes == {"db.system.name": "redis", "db.operation.name": "GET"}
    assert late.attributes["error.type"] == "TimeoutError"
    assert {found.parent.span_id, late.parent.span_id} == {job.context.span_id}


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"


@pytest.mark.parametrize(("chance", "is_traced"), [(0.0, True), (0.24, True), (0.25, False), (0.99, False)])
async def test_a_share_of_requests_is_traced_and_the_others_are_answered_all_the_same(stage, chance, is_traced):
    traced = Traced(stage.world, ratio=0.25, chance=chance)

    answer = await traced.book()

    assert answer.status_code == 201
    assert bool(traced.spans()) is is_traced
    assert ("trace_id" in traced.bound) is is_traced
    assert ("traceparent" in traced.asked[0].headers) is is_traced


@pytest.mark.parametrize(("flags", "is_traced"), [("01", True), ("00", False), ("03", True)])
@pytest.mark.parametrize("chance", [0.0, 0.99])
async def test_whoever_calls_with_a_trace_has_decided(stage, flags, is_traced, chance):
    traced = Traced(stage.world, ratio=0.25, chance=chance)

    assert (await traced.book(traceparent=f"{PARENT}-{flags}")).status_code == 201

    traces = {format(span.context.trace_id, "032x") for span in traced.spans()}
    assert traces == ({PARENT.split("-")[1]} if is_traced else set())


async def test_the_callers_trace_goes_on_to_cal_com_with_all_they_said_about_it(traced):
    await traced.book(traceparent=f"{PARENT}-01", tracestate="theirs=1")

    request = next(span for span in traced.spans() if span.name == "POST /v1/bookings")
    assert (format(request.parent.span_id, "016x"), request.parent.is_remote) == (PARENT.split("-")[2], True)
    assert traced.asked[0].headers["traceparent"].startswith(PARENT[:35])
    assert traced.asked[0].headers["tracestate"] == "theirs=1"


@pytest.mark.parametrize("nonsense", ["nonsense", f"00-{'0' * 32}-{'1' * 16}-01", f"ff{PARENT[2:]}-01"])
async def test_a_trace_of_nonsense_is_none(stage, nonsense):
    traced = Traced(stage.world, ratio=0.25, chance=0.99)

    assert (await traced.book(traceparent=nonsense)).status_code == 201
    assert traced.spans() == []


@pytest.mark.parametrize(("chance", "names"), [(0.24, ["GET", "job settle"]), (0.25, [])])
async def test_a_share_of_jobs_is_traced_with_all_they_ask(stage, chance, names):
    traced = Traced(stage.world, ratio=0.25, chance=chance)

    with traced.tracing.job("settle"):
        await traced.client.get("/me")

    assert sorted(span.name for span in traced.spans()) == names


async def test_no_customer_no_key_and_no_token_is_in_a_trace(traced):
    await traced.book()

    text = json.dumps([json.loads(span.to_json()) for span in traced.spans()])
    assert [canary for canary in CANARIES if canary in text] == []


async def test_what_is_logged_in_a_request_carries_the_trace_and_the_correlation_id(traced):
    await traced.book()

    request = next(span for span in traced.spans() if span.name == "POST /v1/bookings")
    assert traced.bound["trace_id"] == format(request.context.trace_id, "032x")
    assert traced.bound["correlation_id"] == "call-1"


async def test_an_unexpected_error_is_on_the_span_by_its_type_alone(traced):
    with traced.tracing.job("settle"):
        traced.tracing.surprised(ZeroDivisionError(f"for {NAME}"))

    (span,) = traced.spans()
    assert span.name == "job settle"
    assert span.status.status_code.name == "ERROR"
    assert [(event.name, dict(event.attributes)) for event in span.events] == [
        ("exception", {"exception.type": "ZeroDivisionError"})
    ]


def uncounted(_verb: str, _seconds: float, _error: BaseException | None) -> None: ...


async def test_a_worker_that_polls_is_no_trace(traced):
    await traced.client.get("/nobody/asked")
    traced.tracing.watch_statements(uncounted)("select", 0.001, None)
    with traced.tracing.redis_asked("GET"):
        pass

    assert traced.spans() == []


@pytest.mark.integration
async def test_what_postgresql_is_asked_belongs_to_the_trace_and_shows_no_parameters(owner_url, database_url):
    fill(owner_url)

    def told(*about) -> None:
        traced.tracing.watch_statements(uncounted)(*about)

    database = PostgresDatabase(database_url, statement_ran=told)
    traced = Traced(World(database, None, FakeMailer(), FakeClock(NOW), Recorder(CollectorRegistry())))

    assert (await traced.book()).status_code == 201
    await database.close()

    spans = traced.spans()
    request = next(span for span in spans if span.name == "POST /v1/bookings")
    sql = [span for span in spans if span.attributes.get("db.system.name") == "postgresql"]
    # WITH: the one statement that takes a chair.
    assert {span.name for span in sql} == {"SELECT", "WITH", "INSERT", "UPDATE"}
    assert {span.context.trace_id for span in sql} == {request.context.trace_id}
    text = json.dumps([json.loads(span.to_json()) for span in spans])
    assert [canary for canary in CANARIES if canary in text] == []


@pytest.mark.integration
def test_a_receiver_gets_the_spans_with_their_trace_their_parents_and_their_times(monkeypatch):
    with receiving() as receiver:
        monkeypatch.setenv(SWITCH, receiver.url)
        tracing = Tracing(role="worker")
        with tracing.job("settle"):
            tracing.watch_statements(uncounted)("select", 0.25, ZeroDivisionError(f"for {NAME}"))
            tracing.surprised(ZeroDivisionError(f"for {NAME}"))
        tracing.stop()

    call, job = receiver.spans()
    assert (job.name, job.parent_id, job.attributes) == ("job settle", "", {})
    assert (call.name, call.trace_id, call.parent_id) == ("SELECT", job.trace_id, job.span_id)
    assert call.seconds == pytest.approx(0.25)
    assert call.attributes == {
        "db.system.name": "postgresql",
        "db.operation.name": "SELECT",
        "error.type": "ZeroDivisionError",
    }
    (request,) = receiver.traces
    (of_resource,) = request.resource_spans
    about = attributes(of_resource.resource.attributes)
    assert (about["service.name"], about["role"]) == ("slotwatch", "worker")
    assert NAME not in str(request)


def test_traces_are_off_until_an_endpoint_is_set():
    endpoint = {SWITCH: "http://collector:4318"}
    assert not is_wanted({})
    assert is_wanted(endpoint)
    assert not is_wanted({**endpoint, "OTEL_SDK_DISABLED": "true"})


def test_off_means_that_nothing_of_it_is_imported():
    # The metrics half of OpenTelemetry's SDK is imported by redis-py itself wherever it is installed.
    parts = ("sentry_sdk", "opentelemetry.sdk.trace", "opentelemetry.exporter", "booking_core.telemetry.tracing")
    check = "import sys, booking_core.__main__; print([part for part in sys.argv[1:] if part in sys.modules])"

    answer = subprocess.run([sys.executable, "-c", check, *parts], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"
