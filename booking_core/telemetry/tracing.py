"""Traces through OpenTelemetry: one per request or job, with every call to Cal.com, PostgreSQL and Redis in it.

On only where OTEL_EXPORTER_OTLP_ENDPOINT is set; off, nothing of OpenTelemetry is imported and nothing is wrapped.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.sdk.trace.sampling import Sampler
    from opentelemetry.trace import Span
    from starlette.types import ASGIApp, Receive, Scope, Send

SWITCH = "OTEL_EXPORTER_OTLP_ENDPOINT"

# What leaves the process. Addresses carry salons' tokens, statements and messages may quote what a customer said, so
# whatever is not named here stays; the log has the rest, under the same trace id.
_KEPT = frozenset(
    {
        "http.method",
        "http.request.method",
        "http.route",
        "http.status_code",
        "http.response.status_code",
        "server.address",
        "server.port",
        "net.peer.name",
        "net.peer.port",
        "db.system",
        "db.system.name",
        "db.name",
        "db.namespace",
        "error.type",
        "exception.type",
        "correlation_id",
        "appointment_id",
    }
)
# Asked every few seconds by probes and balancers, and of no interest.
_UNTRACED = "livez,readyz,startupz"
# The end of a W3C traceparent.
_FLAGS = re.compile(rb"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-([0-9a-f]{2})")


class Traced(NamedTuple):
    """A request or job whose trace is kept, by the ids of the trace and of its own span, in hexadecimal."""

    trace_id: str
    span_id: str


# A variable of its own: looking it up costs a histogram's observation next to nothing.
TRACED: ContextVar[Traced | None] = ContextVar("traced", default=None)


def is_on(environment: Mapping[str, str]) -> bool:
    """Tell whether somebody wants traces."""
    return bool(environment.get(SWITCH))


class Tracing:
    """The traces of one process. `exporter` is where they go; production makes it from OpenTelemetry's variables.

    A `ratio` of requests and jobs is traced. It is decided before anything of OpenTelemetry's runs, for what it costs
    to trace nothing through it, a span that is not recorded at every step, is a good part of what traces cost.
    """

    def __init__(
        self,
        *,
        role: str,
        exporter: SpanExporter | None = None,
        ratio: float = 1.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - off means not even imported
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.trace import SpanKind  # noqa: PLC0415

        resource = Resource.create({"service.name": "slotwatch", "service.namespace": "booking", "role": role})
        self._provider: TracerProvider = TracerProvider(sampler=_sampler(), resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(_scrubbing(exporter or OTLPSpanExporter())))
        self._tracer = self._provider.get_tracer("booking_core")
        self._client_kind = SpanKind.CLIENT
        self._ratio = ratio
        self._chance = chance

    def watch_drivers(self) -> None:
        """Trace what is sent to PostgreSQL from now on; for the whole process."""
        from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor  # noqa: PLC0415

        PsycopgInstrumentor().instrument(tracer_provider=self._provider)

    def redis_asked(self, command: str) -> AbstractContextManager[object]:
        """Trace one question to Redis where what it is asked for is traced."""
        if TRACED.get() is None:
            return nullcontext()
        return self._tracer.start_as_current_span(command, kind=self._client_kind, attributes={"db.system": "redis"})

    def watch_client(self, client: httpx.AsyncClient) -> None:
        """Trace each request of this client, and hand on the trace in its headers."""
        from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor  # noqa: PLC0415

        HTTPXClientInstrumentor.instrument_client(client, tracer_provider=self._provider)

    def watch_app(self, app: FastAPI) -> ASGIApp:
        """Return the application that traces its share of requests; log lines of these carry the trace's id."""
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor  # noqa: PLC0415

        untraced = app.build_middleware_stack()
        FastAPIInstrumentor.instrument_app(
            app,
            tracer_provider=self._provider,
            excluded_urls=_UNTRACED,
            server_request_hook=_mark,
            # A span for each chunk that is received or sent would say nothing.
            exclude_spans=["receive", "send"],
        )

        async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or self._is_wanted(scope["headers"]):
                await app(scope, receive, send)
                return
            scope["app"] = app
            with self._untraced():
                await untraced(scope, receive, send)

        return chosen

    def _is_wanted(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whoever calls with a trace of their own has decided already."""
        given = next((value for name, value in headers if name == b"traceparent"), b"")
        flags = _FLAGS.search(given)
        return bool(int(flags[1], 16) & 1) if flags else self._chance() < self._ratio

    @contextmanager
    def _untraced(self) -> Iterator[None]:
        """Let what is wrapped for the whole process call straight through."""
        from opentelemetry.instrumentation.utils import suppress_instrumentation  # noqa: PLC0415

        before = TRACED.set(None)
        try:
            with suppress_instrumentation():
                yield
        finally:
            TRACED.reset(before)

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """Trace one job, if its share is due."""
        if self._chance() >= self._ratio:
            with self._untraced():
                yield
            return
        with (
            self._tracer.start_as_current_span(f"job {name}") as span,
            structlog.contextvars.bound_contextvars(trace_id=_trace_id(span)),
        ):
            before = TRACED.set(_traced(span))
            try:
                yield
            finally:
                TRACED.reset(before)

    def surprised(self, error: BaseException) -> None:
        """Record an unexpected error where it happened."""
        from opentelemetry import trace  # noqa: PLC0415

        span = trace.get_current_span()
        span.record_exception(error)
        span.set_status(trace.Status(trace.StatusCode.ERROR))

    def stop(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def _sampler() -> Sampler:
    """Keep what belongs to a request or a job. A worker that polls its queue would else be a trace every second."""
    from opentelemetry.sdk.trace import sampling  # noqa: PLC0415
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    class Whole(sampling.Sampler):
        """Begins no trace with a call to somebody else."""

        def should_sample(
            self, parent_context: Any, trace_id: int, name: str, kind: Any = None, *more: Any, **rest: Any
        ) -> sampling.SamplingResult:
            chosen = sampling.ALWAYS_OFF if kind is SpanKind.CLIENT else sampling.ALWAYS_ON
            return chosen.should_sample(parent_context, trace_id, name, kind, *more, **rest)

        def get_description(self) -> str:
            return "whole requests and jobs"

    return sampling.ParentBased(root=Whole())


def _mark(span: Span, scope: Mapping[str, Any]) -> None:
    span.set_attribute("correlation_id", scope.get("state", {}).get("correlation_id", ""))
    structlog.contextvars.bind_contextvars(trace_id=_trace_id(span))
    # Not taken back: the answer is timed after the span has ended, and every request has a context of its own.
    TRACED.set(_traced(span))


def _traced(span: Span) -> Traced | None:
    context = span.get_span_context()
    return Traced(_trace_id(span), format(context.span_id, "016x")) if context.trace_flags.sampled else None


def _trace_id(span: Span) -> str:
    return format(span.get_span_context().trace_id, "032x")


def _scrubbing(exporter: SpanExporter) -> SpanExporter:
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult  # noqa: PLC0415

    class Scrubbing(SpanExporter):
        """Lets only what is named above through."""

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return exporter.export([_scrubbed(span) for span in spans])

        def shutdown(self) -> None:
            exporter.shutdown()

    return Scrubbing()


def _scrubbed(span: ReadableSpan) -> ReadableSpan:
    from opentelemetry.sdk.trace import Event, ReadableSpan  # noqa: PLC0415
    from opentelemetry.trace import Status  # noqa: PLC0415

    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_kept(span.attributes),
        events=[Event(each.name, _kept(each.attributes), each.timestamp) for each in span.events],
        links=span.links,
        kind=span.kind,
        # The code alone: a description quotes the error.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kept(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (attributes or {}).items() if name in _KEPT}
