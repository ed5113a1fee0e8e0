"""The chaos drill: callers at once, everything around the core breaking, and in the end both worlds compared.

What only the owner of the processes can do (kill, flush, read the database) comes in as Hands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from loadtests.drills.comparison import Comparison, Findings
from loadtests.drills.line import Line, Tell, none_left, settled
from loadtests.drills.mishaps import Mishap, Strike
from loadtests.drills.wishes import Call
from loadtests.drills.worlds import Letter, Row, held


class Hands(Protocol):
    """What the drill does to the chain; each returns when it is done."""

    def kill_a_worker(self) -> str: ...

    def flush_redis(self) -> None: ...

    def cut_database(self) -> int: ...

    def restart_workers(self) -> None: ...

    def freeze_a_job_worker(self) -> str:
        """Stop it in its tracks; 40 s later it goes on as if nothing had been."""
        ...

    def rows(self) -> Sequence[Row]: ...

    def letters(self) -> Sequence[Letter]: ...

    def unsent_letters(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Chaos:
    """One drill against one chain; `tell` hears what happens."""

    line: Line
    simulator_url: str
    hands: Hands
    tell: Tell

    async def run(self, calls: Sequence[Call], mishaps: Sequence[Mishap], *, settle_seconds: float) -> Findings:
        """Run everything, end all faults, wait until nothing hangs between the worlds or time is up, and compare.

        Visits that were there before are not judged: what their customers were told, the drill has not heard.
        """
        earlier = {row.lineage for row in await asyncio.to_thread(self.hands.rows)}
        breaking = asyncio.create_task(self._break(mishaps))
        try:
            answers = await asyncio.gather(*(self.line.call(call) for call in calls))
            await breaking
        finally:
            breaking.cancel()
            (await self.line.client.delete(f"{self.simulator_url}/control/faults")).raise_for_status()
        await settled(self.hands.rows, seconds=settle_seconds, tell=self.tell)
        await none_left(self.hands.unsent_letters, "letters to be sent", seconds=settle_seconds, tell=self.tell)
        rows = await asyncio.to_thread(self.hands.rows)
        bookings = held((await self.line.client.get(f"{self.simulator_url}/control/bookings")).json()["bookings"])
        return Comparison(
            told=[each.told for each in answers],
            rows=[row for row in rows if row.lineage not in earlier],
            held=[booking for booking in bookings if booking.booking not in earlier],
            letters=await asyncio.to_thread(self.hands.letters),
            changes=[change for each in answers for change in each.changes],
        ).findings()

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
        if mishap.strike is Strike.RESTART:
            await asyncio.to_thread(self.hands.restart_workers)
            return "restarted the workers with SIGTERM"
        if mishap.strike is Strike.FREEZE:
            return f"froze {await asyncio.to_thread(self.hands.freeze_a_job_worker)} for 40 s"
        answer = await self.line.client.post(f"{self.simulator_url}/control/faults", json=dict(mishap.order))
        answer.raise_for_status()
        return " ".join(f"{name}={value}" for name, value in mishap.order.items())
