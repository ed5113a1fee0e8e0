"""The chaos drill: callers at once, everything around the core breaking, and in the end both worlds compared.

What only the owner of the processes can do (kill, flush, read the database) comes in as Hands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from loadtests.drills.comparison import UNSETTLED, Comparison, Findings, Row, Told, held
from loadtests.drills.mishaps import Mishap, Strike
from loadtests.drills.wishes import Call, Wish

# A caller whose line broke says the same again, as people do.
_TIMES, _PAUSE_SECONDS = 6, 1.5
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 2.0


class Hands(Protocol):
    """What the drill does to the chain; each returns when it is done."""

    def kill_a_worker(self) -> str: ...

    def flush_redis(self) -> None: ...

    def cut_database(self) -> int: ...

    def rows(self) -> Sequence[Row]: ...

    def noticed(self) -> Set[str]: ...


@dataclass(frozen=True, slots=True)
class Chaos:
    """One drill against one chain; `tell` hears what happens."""

    client: httpx.AsyncClient
    core_url: str
    simulator_url: str
    api_key: str
    hands: Hands
    tell: Callable[[str], None]

    async def run(self, calls: Sequence[Call], mishaps: Sequence[Mishap], *, settle_seconds: float) -> Findings:
        """Run everything, end all faults, wait until nothing hangs between the worlds or time is up, and compare."""
        breaking = asyncio.create_task(self._break(mishaps))
        try:
            told = await asyncio.gather(*(self._call(call) for call in calls))
            await breaking
        finally:
            breaking.cancel()
            (await self.client.delete(f"{self.simulator_url}/control/faults")).raise_for_status()
        rows = await self._settled(settle_seconds)
        answer = await self.client.get(f"{self.simulator_url}/control/bookings")
        noticed = await asyncio.to_thread(self.hands.noticed)
        return Comparison(told, rows, held(answer.json()["bookings"]), noticed).findings()

    async def _break(self, mishaps: Sequence[Mishap]) -> None:
        begun = time.monotonic()
        for mishap in mishaps:
            await asyncio.sleep(max(0.0, begun + mishap.at_seconds - time.monotonic()))
            self.tell(f"{mishap.at_seconds:5.1f} s  {await self._strike(mishap)}")

    async def _strike(self, mishap: Mishap) -> str:
        if mishap.strike is Strike.KILL:
            return f"killed {await asyncio.to_thread(self.hands.kill_a_worker)}"
        if mishap.strike is Strike.FLUSH:
            await asyncio.to_thread(self.hands.flush_redis)
            return "flushed Redis"
        if mishap.strike is Strike.CUT:
            return f"cut {await asyncio.to_thread(self.hands.cut_database)} database connections"
        answer = await self.client.post(f"{self.simulator_url}/control/faults", json=dict(mishap.order))
        answer.raise_for_status()
        return " ".join(f"{name}={value}" for name, value in mishap.order.items())

    async def _call(self, call: Call) -> Told:
        await asyncio.sleep(call.at_seconds)
        for _ in range(_TIMES):
            try:
                return _told(call.wish, await self._ask(call.wish))
            except (httpx.TransportError, ValueError):
                await asyncio.sleep(_PAUSE_SECONDS)
        return Told(call.wish, "silent", datetime.now(UTC))

    async def _ask(self, wish: Wish) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.api_key}", "Connection": "close"}
        url = f"{self.core_url}/v1/bookings"
        answer = await self.client.post(url, json=wish.body(), headers=headers, timeout=_PATIENCE_SECONDS)
        body = answer.json()
        if not isinstance(body, dict) or "status" not in body:
            raise ValueError(f"{url} answered {answer.status_code} without a status")
        return body

    async def _settled(self, seconds: float) -> Sequence[Row]:
        deadline = time.monotonic() + seconds
        left = None
        while True:
            rows = await asyncio.to_thread(self.hands.rows)
            before, left = left, sum(row.state in UNSETTLED for row in rows)
            if left != before:
                self.tell(f"{left} appointments between the worlds")
            if not left or time.monotonic() > deadline:
                return rows
            await asyncio.sleep(_LOOK_SECONDS)


def _told(wish: Wish, body: dict[str, Any]) -> Told:
    return Told(wish, str(body["status"]), datetime.now(UTC), body.get("appointment_id"), body.get("reason"))
