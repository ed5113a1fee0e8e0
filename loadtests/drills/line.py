"""The line over which a drill's callers reach the core, and its wait until nothing hangs between the worlds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from loadtests.drills.comparison import UNSETTLED, Row, Told
from loadtests.drills.wishes import Call, Wish

# A caller whose line broke says the same again, as people do.
_TIMES, _PAUSE_SECONDS = 6, 1.5
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 2.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a caller was told, and how long after they meant to ask: waiting for our turn counts."""

    told: Told
    at_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Line:
    """`api_keys` by salon: a call names its salon by number."""

    client: httpx.AsyncClient
    core_url: str
    api_keys: Sequence[str]

    async def call(self, call: Call) -> Answered:
        """Wait for the caller's moment, ask, and say it again while there is no answer."""
        begun = time.monotonic()
        await asyncio.sleep(call.at_seconds)
        told = await self._insist(call)
        return Answered(told, call.at_seconds, time.monotonic() - begun - call.at_seconds)

    async def _insist(self, call: Call) -> Told:
        for _ in range(_TIMES):
            try:
                return _told(call.wish, await self._ask(call))
            except (httpx.TransportError, ValueError):
                await asyncio.sleep(_PAUSE_SECONDS)
        return Told(call.wish, "silent", datetime.now(UTC))

    async def _ask(self, call: Call) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.api_keys[call.salon]}", "Connection": "close"}
        url = f"{self.core_url}/v1/bookings"
        answer = await self.client.post(url, json=call.wish.body(), headers=headers, timeout=_PATIENCE_SECONDS)
        body = answer.json()
        if not isinstance(body, dict) or "status" not in body:
            raise ValueError(f"{url} answered {answer.status_code} without a status")
        return body


def _told(wish: Wish, body: dict[str, Any]) -> Told:
    return Told(wish, str(body["status"]), datetime.now(UTC), body.get("appointment_id"), body.get("reason"))


async def settled(rows: Callable[[], Sequence[Row]], *, seconds: float, tell: Tell) -> Sequence[Row]:
    """Return the rows once nothing hangs between the worlds, or time is up."""
    deadline = time.monotonic() + seconds
    left = None
    while True:
        found = await asyncio.to_thread(rows)
        before, left = left, sum(row.state in UNSETTLED for row in found)
        if left != before:
            tell(f"{left} appointments between the worlds")
        if not left or time.monotonic() > deadline:
            return found
        await asyncio.sleep(_LOOK_SECONDS)
