"""The line over which a drill's callers reach the core, and its wait until nothing hangs between the worlds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from loadtests.drills.told import PROMISED, SILENT, Changed, Told
from loadtests.drills.wishes import Call, Thought
from loadtests.drills.worlds import UNSETTLED, Row

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
    changes: Sequence[Changed] = ()


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
        return Answered(told, call.at_seconds, seconds, await self._think_again(call, told))

    async def _think_again(self, call: Call, told: Told) -> Sequence[Changed]:
        """Ring again with each second thought, where there is an appointment to change."""
        changed: list[Changed] = []
        if told.appointment_id is None or told.status not in PROMISED:
            return changed
        named = told.appointment_id
        for step, thought in enumerate(call.thoughts):
            await asyncio.sleep(thought.after_seconds)
            said = [self._change(call, named, thought, step) for _ in range(1 + thought.is_said_twice)]
            answers = await asyncio.gather(*said)
            # An id names the visit at whatever time; who has just been told another one uses that.
            named = answers[0].appointment_id
            changed += answers
        return changed

    async def _change(self, call: Call, named: str, thought: Thought, step: int) -> Changed:
        if thought.start is None:
            path, body = "cancel", {"reason": "the caller has changed their mind"}
        else:
            path, body = "reschedule", {"start": thought.start}
        answer, times = await self._insist(call, f"/v1/bookings/{named}/{path}", body)
        now, status = datetime.now(UTC), str(answer["status"])
        return Changed(
            answer.get("appointment_id", named), thought.start, status, now, answer.get("reason"), times, step
        )

    async def _insist(self, call: Call, path: str, body: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        """Return the answer, and how often it took to ask."""
        for times in range(1, _TIMES + 1):
            try:
                return await self._ask(call, path, body), times
            except (httpx.TransportError, ValueError):
                await asyncio.sleep(_PAUSE_SECONDS)
        return {"status": SILENT}, _TIMES

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
    found: Sequence[Row] = ()

    def left() -> int:
        nonlocal found
        found = rows()
        return sum(row.state in UNSETTLED for row in found)

    await none_left(left, "appointments between the worlds", seconds=seconds, tell=tell)
    return found


async def none_left(left: Callable[[], int], what: str, *, seconds: float, tell: Tell) -> None:
    """Wait until nothing is left of what is counted, or time is up; tell how many whenever that changes."""
    deadline = time.monotonic() + seconds
    told = None
    while True:
        number = await asyncio.to_thread(left)
        if number != told:
            tell(f"{number} {what}")
        told = number
        if not number or time.monotonic() > deadline:
            return
        await asyncio.sleep(_LOOK_SECONDS)
