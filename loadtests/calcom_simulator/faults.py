"""Bad luck to order: which faults are active, for how long, and whom they strike.

Apart from the gate because what a fault is (name, expiry, share) and what it does to a request are two things.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.clock import Clock

LONGEST_SECONDS = 86_400


class Operation(StrEnum):
    """The calls a fault can be limited to; the same words as the label `operation` in sla/catalogue.py."""

    SLOTS = "slots"
    CREATE = "create"
    GET = "get"
    LIST = "list"
    CANCEL = "cancel"
    ME = "me"
    EVENT_TYPES = "event_types"


WRITES = frozenset({Operation.CREATE, Operation.CANCEL})


class FaultKind(StrEnum):
    """What goes wrong. A request struck by several meets them in this order."""

    LATENCY = "latency"
    HANG = "hang"
    OUTAGE = "outage"
    RATE_LIMIT = "rate_limit"
    ERROR_SHARE = "error_share"
    HANG_AFTER_COMMIT = "hang_after_commit"


_NEEDS: Mapping[FaultKind, frozenset[str]] = {
    FaultKind.LATENCY: frozenset({"delay_seconds"}),
    FaultKind.ERROR_SHARE: frozenset({"share"}),
}
_TAKES: Mapping[FaultKind, frozenset[str]] = {
    FaultKind.LATENCY: frozenset({"share", "delay_seconds"}),
    FaultKind.OUTAGE: frozenset({"share", "status"}),
    FaultKind.ERROR_SHARE: frozenset({"share", "status"}),
}
_STATUS = {FaultKind.OUTAGE: 503, FaultKind.ERROR_SHARE: 500}


class FaultOrder(BaseModel):
    """The body of POST /control/faults.

    A key that this fault would ignore is refused: such a drill would prove nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    fault: FaultKind
    seconds: float = Field(gt=0, le=LONGEST_SECONDS)
    operation: Operation | None = None
    share: float | None = Field(default=None, ge=0, le=1)
    status: int | None = Field(default=None, ge=500, le=599)
    delay_seconds: float | None = Field(default=None, gt=0, le=LONGEST_SECONDS)

    @model_validator(mode="after")
    def _keys_fit_the_fault(self) -> Self:
        given = {name for name in ("share", "status", "delay_seconds") if getattr(self, name) is not None}
        needed = _NEEDS.get(self.fault, frozenset())
        for name in sorted(needed - given):
            raise ValueError(f"{self.fault} needs {name}; add it")
        for name in sorted(given - _TAKES.get(self.fault, frozenset({"share"}))):
            raise ValueError(f"{self.fault} takes no {name}; remove it")
        if self.fault is FaultKind.HANG_AFTER_COMMIT and self.operation not in {None, *WRITES}:
            raise ValueError("hang_after_commit commits something only in create and cancel; use hang for the others")
        return self

    @property
    def status_code(self) -> int:
        return self.status or _STATUS[self.fault]

    def concerns(self, operation: Operation | None) -> bool:
        if self.fault is FaultKind.HANG_AFTER_COMMIT and operation not in WRITES:
            return False
        return self.operation in {None, operation}


def sentences(error: ValidationError) -> list[dict[str, str]]:
    """Say what is wrong with an order, naming the nearest key or word for a misspelt one."""
    return [{"field": _field(detail), "message": _sentence(detail)} for detail in error.errors()]


def _field(detail: ErrorDetails) -> str:
    return ".".join(str(part) for part in detail["loc"])


def _sentence(detail: ErrorDetails) -> str:
    name = _field(detail)
    if detail["type"] == "extra_forbidden":
        return _nearest(f"unknown key {name!r}", name, list(FaultOrder.model_fields))
    if detail["type"] == "enum":
        words = list(FaultKind if name == "fault" else Operation)
        return _nearest(f"unknown {name} {detail['input']!r}", str(detail["input"]), [str(word) for word in words])
    if detail["type"] == "missing":
        return f"{name} is missing; add it"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{name}: {message}" if name else message


def _nearest(complaint: str, word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"{complaint}; did you mean {near[0]!r}?" if near else f"{complaint}; it is one of {', '.join(known)}"


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

    def strikes_now(self, operation: Operation | None, *, now: datetime) -> bool:
        if not self.order.concerns(operation):
            return False
        share = 1.0 if self.order.share is None else self.order.share
        if self.draws.random() >= share:
            return False
        self.strikes += 1
        self.first_strike_at = self.first_strike_at or now
        return True


class FaultBoard:
    """The faults in force.

    Each draws from its own seeded sequence: a second fault does not change the first one's luck.
    """

    def __init__(self, *, clock: Clock, seed: int) -> None:
        self.closing = asyncio.Event()
        self._clock = clock
        self._seed = seed
        self._given = 0
        self._faults: dict[str, Fault] = {}

    def add(self, order: FaultOrder) -> Fault:
        self._given += 1
        draws = random.Random(f"{self._seed}:{self._given}")  # noqa: S311 - decides luck in a drill, not a secret
        fault = Fault(f"fault-{self._given}", order, self._clock.monotonic() + order.seconds, draws)
        self._faults[fault.id] = fault
        return fault

    def active(self) -> list[Fault]:
        """Return the faults in force, the first ordered first; those that have expired are forgotten."""
        for fault in [each for each in self._faults.values() if self.seconds_left(each) <= 0]:
            self.end(fault.id)
        return list(self._faults.values())

    def struck(self, operation: Operation | None) -> list[Fault]:
        """Draw for one request and return the faults it meets, in the order it meets them."""
        kinds = list(FaultKind)
        now = self._clock.now()
        met = [fault for fault in self.active() if fault.strikes_now(operation, now=now)]
        return sorted(met, key=lambda fault: kinds.index(fault.order.fault))

    def seconds_left(self, fault: Fault) -> float:
        return fault.ends_at - self._clock.monotonic()

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
        waits = [self._clock.sleep(seconds), fault.ended.wait(), self.closing.wait()]
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
