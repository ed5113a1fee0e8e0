"""`python -m loadtests.benchmarks.calcom_stand_in`: Cal.com reduced to a constant delay, as cheaply as Python can.

The faithful simulator costs more processor time a booking than the core does and would be measured along with it. This
one also tells how long it took over each booking, so that the measurement can take Cal.com's time out, one by one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from typing import Any

import uvloop

PATH_OF_TIMES = "/control/seconds"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_BOOKING = re.compile(rb'"bc_booking": ?"([0-9a-f-]{36})"')
_START = re.compile(rb"[?&]start=(\d{4}-\d{2}-\d{2})")


class StandIn(asyncio.Protocol):
    """One connection. `seconds` is shared: how long each booking, by our own id, was in here."""

    def __init__(self, delay_seconds: float, seconds: dict[str, float]) -> None:
        self._delay_seconds = delay_seconds
        self._seconds = seconds
        self._received = b""
        self._begun = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._received:
            self._begun = time.monotonic()
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if separator and len(body) >= (int(length[1]) if length else 0):
            self._received = b""
            self._take(head, body)

    def _take(self, head: bytes, body: bytes) -> None:
        if PATH_OF_TIMES.encode() in head:
            told = json.dumps(self._seconds).encode()
            self._seconds.clear()
            self._answer(told)
            return
        booking = _BOOKING.search(body)
        name = booking[1].decode() if booking else None
        answer = _created(name) if name else _listed(head)
        asyncio.get_running_loop().call_later(self._delay_seconds, self._end, name, self._begun, answer)

    def _end(self, name: str | None, begun: float, answer: bytes) -> None:
        self._answer(answer)
        if name is not None:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.monotonic() - begun

    def _answer(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


def _created(name: str) -> bytes:
    return json.dumps({"status": "success", "data": {"uid": f"at-{name}", "status": "accepted"}}).encode()


def _listed(head: bytes) -> bytes:
    """Say that the day asked about is free all day; to every other question, that there is nothing."""
    asked = _START.search(head)
    if asked is None:
        return b'{"status": "success", "data": []}'
    day = asked[1].decode()
    slots = [{"start": f"{day}T{hour:02d}:{minute:02d}:00.000Z"} for hour in range(24) for minute in (0, 30)]
    return json.dumps({"status": "success", "data": {day: slots}}).encode()


async def serve(port: int, delay_seconds: float) -> None:
    """Answer until cancelled."""
    seconds: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: StandIn(delay_seconds, seconds), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="Cal.com as a constant delay, for benchmarks.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--milliseconds", type=float, required=True, help="how long every answer takes")
    given = parser.parse_args()
    uvloop.run(serve(given.port, given.milliseconds / 1000))


if __name__ == "__main__":
    main()
