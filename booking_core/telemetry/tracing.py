"""Traces: one per request or job, with every call to Cal.com, PostgreSQL and Redis in it.

Imported only where they are wanted. The names of attributes are OpenTelemetry's semantic conventions, and what is set
here is all that leaves the process: addresses carry salons' tokens, statements and messages may quote what a customer
said. The log has the rest, under the same trace id.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import httpx
import structlog
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import SpanContext, SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from booking_core.telemetry import spans
from booking_core.telemetry.spans import Root, Spans
from booking_core.telemetry.traced import TRACED

if TYPE_CHECKING:
    from booking_core.adapters.postgres.database import StatementRan

# Asked every few seconds by probes and balancers, and of no interest.
_UNTRACED = frozenset({"/livez", "/readyz", "/startupz"})
_BEGIN = "begin"
_NOBODY = nullcontext()


class Tracing:
    """The traces of one process. `exporter` is where they go; production makes it from OpenTelemetry's variables.

    A `ratio` of requests and jobs is traced; whoever calls with a `traceparent` has decided already.
    """

    def __init__(
        self,
        *,
        role: str,
        exporter: SpanExporter | None = None,
        ratio: float = 1.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._spans = Spans(role, exporter)
        self._ratio = ratio
        self._chance = chance

    def watch_app(self, app: ASGIApp) -> ASGIApp:
        """Return the application that traces its share of requests; log lines of these carry the trace's id."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            root = self._asked(scope) if scope["type"] == "http" else None
            # Not taken back: the answer is timed after the span has ended, and every request has a context of its own.
            TRACED.set(root)
            if root is None:
                await app(scope, receive, send)
            else:
                await self._answered(root, app, scope, receive, send)

        return watched

    def _asked(self, scope: Scope) -> Root | None:
        if scope["path"] in _UNTRACED:
            return None
        caller = None
        # Plainly: this runs for everyone, and hardly anyone calls with a trace.
        for name, _ in scope["headers"]:
            if name == b"traceparent":
                caller = _caller(scope)
        is_wanted = caller.trace_flags.sampled if caller else self._chance() < self._ratio
        return self._spans.begin(caller) if is_wanted else None

    async def _answered(self, root: Root, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        structlog.contextvars.bind_contextvars(trace_id=root.trace_id)
        status = 500

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, send_seen)
        finally:
            attributes = _request(scope, status)
            name = f"{scope['method']} {attributes.get('http.route', '')}".rstrip()
            self._spans.end(root, name, SpanKind.SERVER, attributes, is_bad=status >= 500)

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """Trace one job, if its share is due."""
        root = self._spans.begin() if self._chance() < self._ratio else None
        before = TRACED.set(root)
        try:
            if root is None:
                yield
            else:
                with self._done(root, name):
                    yield
        finally:
            TRACED.reset(before)

    @contextmanager
    def _done(self, root: Root, name: str) -> Iterator[None]:
        is_bad = True
        try:
            with structlog.contextvars.bound_contextvars(trace_id=root.trace_id):
                yield
            is_bad = False
        finally:
            self._spans.end(root, f"job {name}", SpanKind.INTERNAL, {}, is_bad=is_bad)

    def watch_statements(self, counted: StatementRan) -> StatementRan:
        """Return what counts a statement and traces it; nobody asks how long a transaction took to begin."""

        def statement_ran(verb: str, seconds: float, error: BaseException | None) -> None:
            counted(verb, seconds, error)
            root = TRACED.get()
            if isinstance(root, Root) and verb != _BEGIN:
                self._spans.called(root, verb.upper(), seconds, _query("postgresql", verb.upper(), error))

        return statement_ran

    def redis_asked(self, command: str) -> AbstractContextManager[object]:
        """Trace one question to Redis; entered around it."""
        root = TRACED.get()
        return self._asking(root, command) if isinstance(root, Root) else _NOBODY

    @contextmanager
    def _asking(self, root: Root, command: str) -> Iterator[None]:
        begun, failed = time.monotonic(), None
        try:
            yield
        except BaseException as error:
            failed = error
            raise
        finally:
            self._spans.called(root, command, time.monotonic() - begun, _query("redis", command, failed))

    def watch_client(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """Trace each request that goes this way, and hand on the trace in its headers."""
        return _Watched(transport, self._spans)

    def surprised(self, error: BaseException) -> None:
        """Record an unexpected error where it happened."""
        root = TRACED.get()
        if isinstance(root, Root):
            root.stumbled(error)

    def flush(self) -> None:
        """Send what is there, and wait until it is sent."""
        self._spans.flush()

    def stop(self) -> None:
        """Send what is left."""
        self._spans.stop()


class _Watched(httpx.AsyncBaseTransport):
    def __init__(self, transport: httpx.AsyncBaseTransport, all_spans: Spans) -> None:
        self._transport = transport
        self._spans = all_spans

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        root = TRACED.get()
        if not isinstance(root, Root):
            return await self._transport.handle_async_request(request)
        context = self._spans.child(root)
        spans.hand_on(context, request.headers)
        about: dict[str, str | int] = {"http.request.method": request.method, "server.address": request.url.host}
        begun = time.monotonic()
        try:
            answer = await self._transport.handle_async_request(request)
            about |= _status(answer.status_code, bad=400)
            return answer
        # Also one that is no Exception: a call that took too long is cancelled.
        except BaseException as error:
            about["error.type"] = spans.named(error)
            raise
        finally:
            self._spans.called(root, request.method, time.monotonic() - begun, about, context=context)

    async def aclose(self) -> None:
        await self._transport.aclose()


def _caller(scope: Scope) -> SpanContext | None:
    return spans.caller({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]})


def _request(scope: Mapping[str, Any], status: int) -> spans.Attributes:
    route = getattr(scope.get("route"), "path", "")
    return {
        "http.request.method": scope["method"],
        "url.scheme": scope["scheme"],
        **({"http.route": route} if route else {}),
        **_status(status, bad=500),
        "correlation_id": scope.get("state", {}).get("correlation_id", ""),
    }


def _status(code: int, *, bad: int) -> spans.Attributes:
    return {"http.response.status_code": code, **({"error.type": str(code)} if code >= bad else {})}


def _query(system: str, operation: str, error: BaseException | None) -> spans.Attributes:
    failed = {"error.type": spans.named(error)} if error else {}
    return {"db.system.name": system, "db.operation.name": operation, **failed}
