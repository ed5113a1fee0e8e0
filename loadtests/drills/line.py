"""The line over which a drill's callers reach the core, and its wait until nothing hangs between the worlds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from loadtests.drills.comparison import PROMISED, UNSETTLED, Regret, Row, Told
from loadtests.drills.wishes import Call

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
    regret: Regret | None = None


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
        body, times = await self._insist(call, "/v1/bookings", call.wish.body())
        seconds = time.monotonic() - begun - call.at_seconds
        told = Told(
            call.wish, str(body["status"]), datetime.now(UTC), body.get("appointment_id"), body.get("reason"), times
        )
        return Answered(told, call.at_seconds, seconds, await self._regret(call, told))

    async def _regret(self, call: Call, told: Told) -> Regret | None:
        """Ring again and cancel, where the plan says so and there is something to cancel."""
        if call.regrets_after_seconds is None or told.appointment_id is None or told.status not in PROMISED:
            return None
        await asyncio.sleep(call.regrets_after_seconds)
        path = f"/v1/bookings/{told.appointment_id}/cancel"
        body, _ = await self._insist(call, path, {"reason": "the caller has changed their mind"})
        return Regret(told.appointment_id, str(body["status"]))

    async def _insist(self, call: Call, path: str, body: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        """Return the answer, and how often it took to ask."""
        for times in range(1, _TIMES + 1):
            try:
                return await self._ask(call, path, body), times
            except (httpx.TransportError, ValueError):
                await asyncio.sleep(_PAUSE_SECONDS)
        return {"status": "silent"}, _TIMES

    async def _ask(self, call: Call, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {self.api_keys[call.salon]}", "Connection": "close"}
        url = f"{self.core_url}{path}"
        answer = await self.client.post(url, json=body, headers=headers, timeout=_PATIENCE_SECONDS)
        told = answer.json()
        if not isinstance(told, dict) or "status" not in told:
            raise ValueError(f"{url} answered {answer.status_code} without a status")
        return told


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
