"""A booking core in a few lines: the HTTP contract the probe relies on, in memory or on a free port.

It checks what a real core would check (signature, key, marks) with arithmetic of its own, and can be made to fail.
"""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from loadtests.booking_api import Answer, NoAnswer, Request

API_KEY, RETELL_API_KEY, TENANT, SERVICE = "sk_demo", "key_demo", "demo", "probe"


@dataclass
class FakeCore:
    """Holds bookings by id. `overrides` answers a kind of request differently; None stands for the honest answer."""

    overrides: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    bookings: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, Mapping[str, str], dict[str, Any]]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    wall_clock: Callable[[], float] = time.time

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        split = urlsplit(path)
        sent = json.loads(body) if body else {key: values[0] for key, values in parse_qs(split.query).items()}
        if split.path == f"/v1/webhooks/retell/{TENANT}":
            assert self._is_allowed("webhook", headers, body)
            self.told.append(sent)
            return 204, {}
        kind = self._kind(method, split.path, sent)
        self.seen.append((kind, headers, sent))
        if kind in self.overrides:
            return self.overrides[kind]
        if not self._is_allowed(kind, headers, body):
            return 401, {"status": "refused"}
        return self._honest(kind, split.path, sent)

    def _kind(self, method: str, path: str, sent: Mapping[str, Any]) -> str:
        if path == f"/v1/retell/{TENANT}/functions":
            return str(sent["name"])
        if method == "POST" and path.endswith("/cancel"):
            return "cancel"
        return path.rsplit("/", 1)[-1]

    def _is_allowed(self, kind: str, headers: Mapping[str, str], body: bytes) -> bool:
        if kind in ("livez", "readyz"):
            return True
        if kind in ("availability", "cancel"):
            return headers["Authorization"] == f"Bearer {API_KEY}"
        version, digest = (part.split("=")[1] for part in headers["x-retell-signature"].split(","))
        right = hmac.new(RETELL_API_KEY.encode(), body + version.encode(), hashlib.sha256).hexdigest()
        return digest == right and abs(self.wall_clock() - int(version) / 1000) < 300

    def _honest(self, kind: str, path: str, sent: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        match kind:
            case "livez" | "readyz":
                return 200, {}
            case "availability":
                return 200, {"service": SERVICE, "slots": [{"local": f"{sent['date']}T00:00"}]}
            case "check_availability":
                return 200, {"status": "ok", "slots": self._slots(sent["args"]), "say": "There is a time."}
            case "book_appointment":
                return self._book(sent["args"]["start"])
            case "cancel":
                return self._cancel(path.split("/")[-2])
        return 404, {}

    def _slots(self, args: Mapping[str, str]) -> str:
        first = datetime.fromisoformat(f"{args['date']}T{args['time']}")
        return ", ".join((first + timedelta(minutes=5 * n)).strftime("%Y-%m-%dT%H:%M") for n in range(3))

    def _book(self, start: str) -> tuple[int, dict[str, Any]]:
        if start in self.bookings.values():
            return 200, {"status": "refused", "reason": "slot_taken", "say": "Somebody was faster."}
        appointment_id = f"a{len(self.seen)}-{start}"
        self.bookings[appointment_id] = start
        return 200, {"status": "confirmed", "appointment_id": appointment_id, "say": "It is booked."}

    def _cancel(self, appointment_id: str) -> tuple[int, dict[str, Any]]:
        if appointment_id not in self.bookings:
            return 404, {"status": "refused", "reason": "unknown_appointment"}
        del self.bookings[appointment_id]
        return 200, {"status": "cancelled", "appointment_id": appointment_id}


@dataclass
class FakeClock:
    """A clock that moves only when told."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeLine:
    """A line to a fake core on which every request takes the same time; `breaks` makes a kind of request fail."""

    core: FakeCore
    clock: FakeClock
    seconds: float = 0.1
    breaks: dict[str, type[NoAnswer]] = field(default_factory=dict)
    timeouts: list[float] = field(default_factory=list)

    def send(self, request: Request, *, timeout_seconds: float) -> Answer:
        if "/webhooks/" in request.path:
            if "webhook" in self.breaks:
                raise self.breaks["webhook"]
            return Answer(*self.core.answer(request.method, request.path, request.headers, request.body or b""))
        self.timeouts.append(timeout_seconds)
        self.clock.advance(min(self.seconds, timeout_seconds))
        status, body = self.core.answer(request.method, request.path, request.headers, request.body or b"")
        kind = self.core.seen[-1][0]
        if kind in self.breaks:
            raise self.breaks[kind]
        return Answer(status, body)


@contextmanager
def served(core: FakeCore, hold_seconds: Callable[[], float] = lambda: 0.0) -> Iterator[str]:
    """Serve the core on a free port and yield its address; each answer is held back as long as `hold_seconds` says."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path != "/livez":
                time.sleep(hold_seconds())
            with lock:
                status, answer = core.answer(self.command, self.path, dict(self.headers), body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET  # noqa: N815  the library's name

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

        def handle(self) -> None:
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):
                """The probe was killed, as some tests want it."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 256

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
