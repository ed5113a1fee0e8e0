"""Callers who ask one thing after another over HTTP, as cheaply as Python can: the generator must not be what is slow.

A closed loop: each caller waits for its answer. So a rate here is what the server can do, and latencies compare servers
at equal concurrency; they are no response times of an open world (the probe measures those).
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import uvloop

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
# How long a caller stays on one connection: servers hand them out unevenly among their workers, and new ones even
# that out. In seconds, not in questions, so that a slow server's workers are evened out as often as a fast one's.
_SECONDS_PER_CONNECTION = 1.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request. Only those that book are measured; what a caller asks before is part of the way there."""

    request: bytes
    is_booking: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """One booking as its caller saw it."""

    seconds: float
    status: int
    appointment_id: str | None


@dataclass(frozen=True, slots=True)
class Driven:
    """One run: every booking's answer, how long all of it took, and what we ourselves spent on it."""

    answers: Sequence[Answer]
    seconds: float
    own_cpu_seconds: float


def post(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a whole POST request of JSON."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return (head + lines + "\r\n").encode() + body


def get(path: str, headers: Mapping[str, str]) -> bytes:
    """Return a whole GET request."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nhost: x\r\n{lines}\r\n".encode()


def drive(
    port: int, asks: Iterator[Ask], *, callers: int, seconds: float | None = None, bookings: int | None = None
) -> Driven:
    """Let so many callers ask until the time is up or so many bookings are made; everyone finishes their last."""
    return uvloop.run(_Crowd(port, asks, seconds, bookings).run(callers))


@dataclass(slots=True)
class _Crowd:
    port: int
    asks: Iterator[Ask]
    seconds: float | None
    bookings: int | None

    async def run(self, callers: int) -> Driven:
        begun, cpu = time.monotonic(), time.process_time()
        answers: list[Answer] = []
        ends = begun + self.seconds if self.seconds is not None else float("inf")
        await asyncio.gather(*(self._call(answers, ends) for _ in range(callers)))
        return Driven(answers, time.monotonic() - begun, time.process_time() - cpu)

    async def _call(self, answers: list[Answer], ends: float) -> None:
        while not self._is_over(answers, ends):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            hangs_up = time.monotonic() + _SECONDS_PER_CONNECTION
            while time.monotonic() < hangs_up and not self._is_over(answers, ends):
                ask = next(self.asks)
                answer = await _ask(reader, writer, ask.request)
                if ask.is_booking:
                    answers.append(answer)
            writer.close()

    def _is_over(self, answers: list[Answer], ends: float) -> bool:
        return time.monotonic() >= ends or (self.bookings is not None and len(answers) >= self.bookings)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Answer:
    begun = time.monotonic()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length[1]) if length else 0)
    seconds = time.monotonic() - begun
    return Answer(seconds, int(head[9:12]), _appointment(body))


def _appointment(body: bytes) -> str | None:
    told: Any = json.loads(body)
    return told.get("appointment_id") if isinstance(told, dict) else None
