"""Spans in OpenTelemetry's words, handed to its SDK for sending.

Each is made when what it tells of is over, as one object: the SDK's own way, a live span that is begun, made current,
locked at every attribute and copied when it ends, takes several times as long, a dozen times a booking.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    format_span_id,
    format_trace_id,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from booking_core.telemetry.traced import Traced

Attributes = Mapping[str, str | int]

_FLAGS = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)
_SCOPE = InstrumentationScope("booking_core")
_FINE, _BAD = Status(StatusCode.UNSET), Status(StatusCode.ERROR)
_W3C = TraceContextTextMapPropagator()


@dataclass(frozen=True, slots=True)
class Root(Traced):
    """The span of the request or job itself, not over yet; `caller` is the span of whoever asked for it."""

    context: SpanContext
    caller: SpanContext | None
    begun_ns: int = field(default_factory=time.time_ns)
    begun: float = field(default_factory=time.monotonic)
    events: list[Event] = field(default_factory=list)

    def stumbled(self, error: BaseException) -> None:
        """Note an unexpected error by its type alone: a message quotes what a customer said."""
        self.events.append(Event("exception", {"exception.type": named(error)}))


class _HashedOnce(Resource):
    """What a process says of itself. The encoder groups spans by it, for which it would be made JSON for each."""

    @cached_property
    def _hash(self) -> int:
        return super().__hash__()

    def __hash__(self) -> int:
        return self._hash


class Spans:
    """Where those of one process go; without an `exporter`, to where OpenTelemetry's variables say."""

    def __init__(self, role: str, exporter: SpanExporter | None) -> None:
        about = Resource.create({"service.name": "slotwatch", "service.namespace": "booking", "role": role})
        self._resource = _HashedOnce(about.attributes, about.schema_url)
        self._processor = BatchSpanProcessor(exporter or OTLPSpanExporter())
        self._ids = RandomIdGenerator()

    def begin(self, caller: SpanContext | None = None) -> Root:
        """Begin a trace, or the caller's trace here."""
        trace_id = caller.trace_id if caller else self._ids.generate_trace_id()
        context = SpanContext(
            trace_id,
            self._ids.generate_span_id(),
            is_remote=False,
            trace_flags=caller.trace_flags if caller else _FLAGS,
            trace_state=caller.trace_state if caller else None,
        )
        return Root(format_trace_id(trace_id), format_span_id(context.span_id), context, caller)

    def end(self, root: Root, name: str, kind: SpanKind, attributes: Attributes, *, is_bad: bool) -> None:
        """Tell of the request or job itself; it is bad, too, if it stumbled over something."""
        seconds = time.monotonic() - root.begun
        self._processor.on_end(
            ReadableSpan(
                name,
                root.context,
                root.caller,
                self._resource,
                attributes,
                # What runs behind the answer may still add to them.
                tuple(root.events),
                kind=kind,
                status=_BAD if is_bad or root.events else _FINE,
                start_time=root.begun_ns,
                end_time=root.begun_ns + round(seconds * 1e9),
                instrumentation_scope=_SCOPE,
            )
        )

    def child(self, root: Root) -> SpanContext:
        """Name a call to somebody else, before it is made, so that it can be handed on."""
        about = root.context
        return SpanContext(about.trace_id, self._ids.generate_span_id(), False, about.trace_flags, about.trace_state)

    def called(
        self,
        root: Root,
        name: str,
        seconds: float,
        attributes: Attributes,
        *,
        context: SpanContext | None = None,
    ) -> None:
        """Tell of a call to somebody else that has just come back; with an `error.type` it failed."""
        now = time.time_ns()
        self._processor.on_end(
            ReadableSpan(
                name,
                context or self.child(root),
                root.context,
                self._resource,
                attributes,
                kind=SpanKind.CLIENT,
                status=_BAD if "error.type" in attributes else _FINE,
                start_time=now - round(seconds * 1e9),
                end_time=now,
                instrumentation_scope=_SCOPE,
            )
        )

    def flush(self) -> None:
        """Send what is there, and wait until it is sent."""
        self._processor.force_flush()

    def stop(self) -> None:
        """Send what is left."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]


def caller(headers: Mapping[str, str]) -> SpanContext | None:
    """Return the caller's span, if there is a valid one."""
    context = get_current_span(_W3C.extract(headers)).get_span_context()
    return context if context.is_valid else None


def hand_on(context: SpanContext, headers: MutableMapping[str, str]) -> None:
    _W3C.inject(headers, set_span_in_context(NonRecordingSpan(context)))


def named(error: BaseException) -> str:
    kind: type[Any] = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
