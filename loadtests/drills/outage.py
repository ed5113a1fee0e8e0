"""The outage drill: Cal.com goes away, callers go on booking, Cal.com comes back, and everything is settled.

What only the owner of the processes can do (stop, start, read the database) comes in as Hands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from loadtests.drills.line import Answered, Line, Tell, settled
from loadtests.drills.outage_plan import Manner, Plan
from loadtests.drills.worlds import UNSETTLED, Letter, Row

# Longer than any outage of the drill; the drill ends it.
_FAULT_SECONDS = 3600
_EXPIRY_SECONDS = 240.0
_LOOK_SECONDS = 2.0


class Hands(Protocol):
    """What the drill does to the chain; each returns when it is done."""

    def stop_calcom(self) -> None: ...

    def start_calcom(self) -> None: ...

    def rows(self) -> Sequence[Row]: ...

    def letters(self) -> Sequence[Letter]: ...


@dataclass(frozen=True, slots=True)
class Course:
    """Everything that is known at the end; `busiest` and `calls` are Cal.com's own log since it was last started."""

    plan: Plan
    manner: Manner
    answers: Sequence[Answered]
    during_drain: Sequence[Answered]
    rows: Sequence[Row]
    bookings: Sequence[Mapping[str, Any]]
    letters: Sequence[Letter]
    calls: Mapping[str, Mapping[str, int]]
    busiest: int
    drain_seconds: float


@dataclass(frozen=True, slots=True)
class Outage:
    """One drill against one chain; `tell` hears what happens."""

    line: Line
    simulator_url: str
    calcom_key: str
    hands: Hands
    tell: Tell

    async def run(self, plan: Plan, manner: Manner, *, settle_seconds: float) -> Course:
        await self._break(manner)
        self.tell(f"Cal.com {manner}; {len(plan.callers)} callers in {plan.callers[-1].at_seconds:.0f} s")
        answers = await asyncio.gather(*(self.line.call(call) for call in plan.callers))
        self.tell(f"all answered, the slowest after {max(each.seconds for each in answers):.2f} s")
        await self._until_expired(plan)
        await self._mend(manner)
        await self._give_chairs_away(plan)
        mended = time.monotonic()
        self.tell("Cal.com is back; the last chairs were given to walk-ins meanwhile")
        later = asyncio.ensure_future(asyncio.gather(*(self.line.call(call) for call in plan.during_drain)))
        await settled(self.hands.rows, seconds=settle_seconds, tell=self.tell)
        drain_seconds = time.monotonic() - mended
        during_drain = await later
        rows = await settled(self.hands.rows, seconds=settle_seconds, tell=self.tell)
        calls = await self._look("calls")
        return Course(
            plan=plan,
            manner=manner,
            answers=answers,
            during_drain=during_drain,
            rows=rows,
            bookings=(await self._look("bookings"))["bookings"],
            letters=await asyncio.to_thread(self.hands.letters),
            calls=calls["calls"],
            busiest=max(calls["busiest_minute"].values(), default=0),
            drain_seconds=drain_seconds,
        )

    async def _break(self, manner: Manner) -> None:
        if manner is Manner.REFUSES:
            await asyncio.to_thread(self.hands.stop_calcom)
            return
        fault = "outage" if manner is Manner.FAILS else "hang"
        order = {"fault": fault, "seconds": _FAULT_SECONDS}
        (await self.line.client.post(f"{self.simulator_url}/control/faults", json=order)).raise_for_status()

    async def _mend(self, manner: Manner) -> None:
        if manner is Manner.REFUSES:
            await asyncio.to_thread(self.hands.start_calcom)
        else:
            (await self.line.client.delete(f"{self.simulator_url}/control/faults")).raise_for_status()

    async def _until_expired(self, plan: Plan) -> None:
        """Wait until those whose time runs out during the outage have been given up."""
        deadline = time.monotonic() + _EXPIRY_SECONDS
        while time.monotonic() < deadline:
            rows = await asyncio.to_thread(self.hands.rows)
            waiting = [row for row in rows if row.phone in plan.hasty and row.state in UNSETTLED]
            if not waiting:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _give_chairs_away(self, plan: Plan) -> None:
        """Let a human book at Cal.com itself what we have promised."""
        chairs = {
            (kind["slug"], host["username"]): kind["id"]
            for kind in (await self._calcom("event-types"))["data"]
            for host in kind["users"]
        }
        for row in await asyncio.to_thread(self.hands.rows):
            if row.phone in plan.taken:
                order = {"event_type": chairs["haircut", row.staff], "start": row.start.strftime("%Y-%m-%dT%H:%M:%SZ")}
                answer = await self.line.client.post(f"{self.simulator_url}/control/book", json=order)
                answer.raise_for_status()

    async def _calcom(self, path: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.calcom_key}", "cal-api-version": "2024-06-14"}
        answer = await self.line.client.get(f"{self.simulator_url}/v2/{path}", headers=headers)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def _look(self, what: str) -> dict[str, Any]:
        answer = await self.line.client.get(f"{self.simulator_url}/control/{what}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
