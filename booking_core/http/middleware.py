"""What every request passes: correlation id, body limit, traffic mark, and the clock.

Plain ASGI, because Starlette's middleware base class costs a task and two queues per request.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders, State
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from booking_core.domain.models import Traffic
from booking_core.http import limits
from booking_core.http.life import Life

CORRELATION_HEADER = "x-request-id"
# What we answer is data for programs: nothing to render, frame, sniff or keep. The one whose answer it is may be told
# apart by them only, so none may be stored on the way.
SECURITY_FIELDS = (
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
)
SYNTHETIC_BAGGAGE = "synthetic_request=true"

# (route template, method, status, traffic, seconds)
Answered = Callable[[str, str, int, str, float], None]


class BodyTooLarge(HTTPException):
    """The body is larger than we read. An HTTPException, for FastAPI lets no other out of its body parser."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


class Entrance:
    """The outermost application: nothing enters unmarked, unlimited or untimed."""

    def __init__(self, app: ASGIApp, *, answered: Answered, body_limit_bytes: int, life: Life) -> None:
        self._app = app
        self._life = life
        self._answered = answered
        self._body_limit_bytes = body_limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.monotonic()
        headers = Headers(scope=scope)
        correlation_id = _correlation_id(headers)
        traffic = traffic_of(headers)
        scope.setdefault("state", {}).update(correlation_id=correlation_id, traffic=traffic)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id, traffic=traffic.value)
        status = 500

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered[CORRELATION_HEADER] = correlation_id
                if self._life.is_draining:
                    answered["connection"] = "close"  # the next request goes to a worker that stays
                for name, value in (*SECURITY_FIELDS, *limits.fields(State(scope["state"]))):
                    answered[name] = value
            await send(message)

        try:
            await self._within_limit(scope, headers, receive, send_marked)
        finally:
            route = getattr(scope.get("route"), "path", "")
            self._answered(route, scope["method"], status, traffic.value, time.monotonic() - begun)

    async def _within_limit(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._body_limit_bytes:
            await self._refuse(send)
            return
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._body_limit_bytes:
                raise BodyTooLarge
            return message

        await self._app(scope, receive_limited, send)

    async def _refuse(self, send: Send) -> None:
        body = json.dumps(too_large(self._body_limit_bytes)).encode()
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def too_large(limit_bytes: int) -> dict[str, str]:
    """Return the answer to a body that is too large."""
    return {
        "status": "refused",
        "reason": "invalid_request",
        "message": f"The body is larger than {limit_bytes} bytes; send less.",
    }


def traffic_of(headers: Headers) -> Traffic:
    """A probe marks itself in W3C baggage, which proxies and clients pass on untouched."""
    members = (member.strip() for member in headers.get("baggage", "").split(","))
    return Traffic.SYNTHETIC if SYNTHETIC_BAGGAGE in members else Traffic.REAL


def _correlation_id(headers: Headers) -> str:
    """Keep the caller's id if it is one that cannot harm a log line."""
    given = headers.get(CORRELATION_HEADER, "")
    harmless = 0 < len(given) <= 64 and all(c.isalnum() or c in "-_." for c in given) and given.isascii()
    return given if harmless else str(uuid4())
