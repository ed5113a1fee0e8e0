"""The booking core's HTTP API as its callers see it: the requests we send, marked as synthetic, and the answers we get.

Apart from the callers because the voice agent (under gevent) and the daemon's sweep (under asyncio) send the same
requests over different lines.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol
from urllib.parse import urlencode

from loadtests.conversation import Function

VERSION = "0.1.0"

# Both marks, because either may be lost on the way: the core accepts one of them alone.
SYNTHETIC = {"User-Agent": f"slotwatch-probe/{VERSION}", "baggage": "synthetic_request=true"}

# A new connection each time: servers close idle ones after about the light probe's own period (uvicorn: 5 s), and a
# request that races the close looks like an outage. It also spreads the checks over all workers.
FRESH_CONNECTION = {"Connection": "close"}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `route` is its template, the name under which it is counted."""

    method: str
    path: str
    route: str
    headers: Mapping[str, str]
    body: bytes | None = None


# Asks for nothing and changes nothing; sent once before a run measures anything.
WARM_UP = Request("GET", "/livez", "/livez", SYNTHETIC | FRESH_CONNECTION)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the core said; `body` is empty where it was not a JSON object."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)


class NoAnswer(Exception):
    """The core did not answer; `reason` says how."""

    reason = "no_answer"


class Unreachable(NoAnswer):
    """No connection, or one that broke before the answer was complete."""

    reason = "unreachable"


class TimedOut(NoAnswer):
    """The answer was not there in time; whether the core acted on the request is unknown."""

    reason = "timed_out"


class Line(Protocol):
    """The way to the core. Waits at most `timeout_seconds` in all; raises Unreachable or TimedOut."""

    def send(self, request: Request, *, timeout_seconds: float) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Trace:
    """One W3C trace: every request of a journey carries the same trace id and a span id of its own."""

    trace_id: str
    chance: Random

    @classmethod
    def begin(cls, chance: Random) -> Trace:
        return cls(f"{chance.getrandbits(128) or 1:032x}", chance)

    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.chance.getrandbits(64) or 1:016x}-01"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are at the core."""

    tenant: str
    api_key: str = field(repr=False)
    retell_api_key: str = field(repr=False)


def retell_signature(body: bytes, *, key: str, at_milliseconds: int) -> str:
    """Sign as Retell does: HMAC-SHA256 over the raw body followed by the time in milliseconds."""
    digest = hmac.new(key.encode(), body + str(at_milliseconds).encode(), hashlib.sha256).hexdigest()
    return f"v={at_milliseconds},d={digest}"


@dataclass(frozen=True, slots=True)
class BookingApi:
    """Writes the requests. `wall_clock` gives Unix seconds: the signature is only good near its time."""

    credentials: Credentials
    wall_clock: Callable[[], float]

    def availability(self, *, service: str, date: str, trace: Trace) -> Request:
        query = urlencode({"service": service, "date": date, "limit": 1})
        return Request("GET", f"/v1/availability?{query}", "/v1/availability", self._bearer(trace))

    def function(self, name: Function, *, args: Mapping[str, str], call: Mapping[str, Any], trace: Trace) -> Request:
        body = json.dumps({"name": name, "args": args, "call": call}, ensure_ascii=False).encode()
        path = f"/v1/retell/{self.credentials.tenant}/functions"
        return Request("POST", path, "/v1/retell/{tenant}/functions", self._signed(body, trace), body)

    def webhook(self, event: str, *, call: Mapping[str, Any], trace: Trace) -> Request:
        """Tell, as Retell does, what has become of a call."""
        body = json.dumps({"event": event, "call": call}, ensure_ascii=False).encode()
        path = f"/v1/webhooks/retell/{self.credentials.tenant}"
        return Request("POST", path, "/v1/webhooks/retell/{tenant}", self._signed(body, trace), body)

    def cancellation(self, appointment_id: str, trace: Trace) -> Request:
        return Request(
            "POST",
            f"/v1/bookings/{appointment_id}/cancel",
            "/v1/bookings/{appointment_id}/cancel",
            self._bearer(trace) | {"Content-Type": "application/json"},
            b'{"reason": "synthetic booking of the probe"}',
        )

    def _signed(self, body: bytes, trace: Trace) -> dict[str, str]:
        at = int(self.wall_clock() * 1000)
        signature = retell_signature(body, key=self.credentials.retell_api_key, at_milliseconds=at)
        return self._marked(trace) | {"x-retell-signature": signature, "Content-Type": "application/json"}

    def _bearer(self, trace: Trace) -> dict[str, str]:
        return self._marked(trace) | {"Authorization": f"Bearer {self.credentials.api_key}"}

    def _marked(self, trace: Trace) -> dict[str, str]:
        return SYNTHETIC | FRESH_CONNECTION | {"traceparent": trace.traceparent()}


def is_cancelled(answer: Answer) -> bool:
    """Tell whether nothing is left to cancel: it is cancelled now, or the core never knew it."""
    return answer.status in (200, 404)
