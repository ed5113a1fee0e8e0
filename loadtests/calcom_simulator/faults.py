"""Bad luck in force: which faults are active, for how long, whom they strike, and how often they did.

Apart from the gate because what a fault is (expiry, share) and what it does to a request are two things.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.accounts import AccountName
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.fault_orders import FaultKind, FaultOrder, Operation


@dataclass(slots=True, eq=False)
class Fault:
    """An order in force. It counts its strikes, so that a drill can prove that it injected something, and when."""

    id: str
    order: FaultOrder
    ends_at: float
    draws: random.Random
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    strikes: int = 0
    first_strike_at: datetime | None = None

    def is_drawn(self, operation: Operation | None, account: AccountName | None) -> bool:
        if not self.order.concerns(operation, account):
            return False
        share = 1.0 if self.order.share is None else self.order.share
        return self.draws.random() < share


class FaultBoard:
    """The faults in force.

    Each draws from its own seeded sequence: a second fault does not change the first one's luck.
    """

    def __init__(self, *, clock: Clock, seed: int) -> None:
        self.closing = asyncio.Event()
        self.clock = clock
        self._seed = seed
        self._given = 0
        self._faults: dict[str, Fault] = {}

    def add(self, order: FaultOrder) -> Fault:
        self._given += 1
        draws = random.Random(f"{self._seed}:{self._given}")  # noqa: S311 - decides luck in a drill, not a secret
        fault = Fault(f"fault-{self._given}", order, self.clock.monotonic() + order.seconds, draws)
        self._faults[fault.id] = fault
        return fault

    def active(self) -> list[Fault]:
        """Return the faults in force, the first ordered first; those that have expired are forgotten."""
        for fault in [each for each in self._faults.values() if self.seconds_left(each) <= 0]:
            self.end(fault.id)
        return list(self._faults.values())

    def draw(self, operation: Operation | None, account: AccountName | None = None) -> Luck:
        """Draw for one request, once from every fault that concerns it."""
        kinds = list(FaultKind)
        drawn = [fault for fault in self.active() if fault.is_drawn(operation, account)]
        return Luck(self, sorted(drawn, key=lambda fault: kinds.index(fault.order.fault)))

    def clock_offset(self) -> float:
        """Return by how many seconds the wall clock is set wrong on purpose."""
        return sum(fault.order.offset_seconds or 0.0 for fault in self.active())

    def seconds_left(self, fault: Fault) -> float:
        return fault.ends_at - self.clock.monotonic()

    def end(self, fault_id: str) -> bool:
        """End one fault and let go whoever it holds; False when there is none of this id."""
        fault = self._faults.pop(fault_id, None)
        if fault is None:
            return False
        fault.ended.set()
        return True

    def end_all(self) -> int:
        ids = list(self._faults)
        return sum(self.end(fault_id) for fault_id in ids)

    def close(self) -> None:
        """Let go everybody for good: the process is going down."""
        self.closing.set()
        self.end_all()

    async def hold(self, fault: Fault, *, seconds: float, until: asyncio.Future[Any] | None = None) -> None:
        """Wait these seconds, but no longer than the fault lasts, the process lives, or `until` takes."""
        waits = [self.clock.sleep(seconds), fault.ended.wait(), self.closing.wait()]
        tasks = [asyncio.ensure_future(wait) for wait in ([*waits, until] if until is not None else waits)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    def describe(self, fault: Fault) -> dict[str, Any]:
        left = round(max(self.seconds_left(fault), 0.0), 3)
        order = fault.order.model_dump(mode="json", exclude={"seconds"})
        first = None if fault.first_strike_at is None else wire.utc_text(fault.first_strike_at)
        return {"id": fault.id, **order, "seconds_left": left, "strikes": fault.strikes, "first_strike_at": first}


@dataclass(frozen=True, slots=True)
class Luck:
    """The faults one request has drawn. Only one that does something to it has struck, and is counted."""

    board: FaultBoard
    drawn: Sequence[Fault]

    def of(self, kinds: Collection[FaultKind]) -> Sequence[Fault]:
        return [fault for fault in self.drawn if fault.order.fault in kinds]

    def only(self, kinds: Collection[FaultKind]) -> Luck:
        return Luck(self.board, self.of(kinds))

    def mark(self, fault: Fault) -> None:
        """Count a strike."""
        fault.strikes += 1
        fault.first_strike_at = fault.first_strike_at or self.board.clock.now()

    def strike(self, kind: FaultKind) -> Fault | None:
        """Return the first drawn fault of this kind, counted as a strike; None when there is none."""
        fault = next(iter(self.of({kind})), None)
        if fault is not None:
            self.mark(fault)
        return fault

    async def linger(self, kind: FaultKind) -> None:
        """Wait as long as the fault of this kind says, if there is one."""
        fault = self.strike(kind)
        if fault is not None:
            await self.board.hold(fault, seconds=fault.order.delay_seconds or 0.0)
