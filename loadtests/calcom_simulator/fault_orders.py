"""The faults there are and how they are ordered: name, seconds, and the keys that each needs and takes.

Apart from the board because what may be ordered and what is in force are two things.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from loadtests.calcom_simulator.accounts import AccountName
from loadtests.calcom_simulator.bookings import LONGEST_LAG_SECONDS
from loadtests.calcom_simulator.instructions import Instruction

LONGEST_SECONDS = 86_400


class Operation(StrEnum):
    """The calls a fault can be limited to; it has every word of the label `operation` in sla/catalogue."""

    SLOTS = "slots"
    CREATE = "create"
    GET = "get"
    LIST = "list"
    CANCEL = "cancel"
    ME = "me"
    EVENT_TYPES = "event_types"
    RESCHEDULE = "reschedule"
    CONFIRM = "confirm"
    DECLINE = "decline"
    RESERVE = "reserve"
    CHANGE = "change"
    WEBHOOKS = "webhooks"


class FaultKind(StrEnum):
    """What goes wrong. A request meets the first eight in this order, the first five of them before its work."""

    LATENCY = "latency"
    HANG = "hang"
    OUTAGE = "outage"
    RATE_LIMIT = "rate_limit"
    ERROR_SHARE = "error_share"
    HANG_AFTER_COMMIT = "hang_after_commit"
    ERROR_AFTER_COMMIT = "error_after_commit"
    TRUNCATED_JSON = "truncated_json"
    RACY = "racy"
    LIBRARY_ERROR = "library_error"
    SLOT_REFUSED = "slot_refused"
    SLOTS_OUT_OF_RANGE = "slots_out_of_range"
    READ_LAG = "read_lag"
    CLOCK_OFFSET = "clock_offset"
    WEBHOOK_NEVER = "webhook_never"
    WEBHOOK_LATE = "webhook_late"
    WEBHOOK_TWICE = "webhook_twice"
    WEBHOOK_OUT_OF_ORDER = "webhook_out_of_order"
    WEBHOOK_WRONG_SIGNATURE = "webhook_wrong_signature"


WRITES = frozenset(
    {
        Operation.CREATE,
        Operation.CANCEL,
        Operation.RESCHEDULE,
        Operation.CONFIRM,
        Operation.DECLINE,
        Operation.CHANGE,
        Operation.RESERVE,
    }
)
TELLING = WRITES - {Operation.RESERVE}
WEBHOOK_FAULTS = frozenset(kind for kind in FaultKind if kind.startswith("webhook_"))


@dataclass(frozen=True, slots=True)
class Nature:
    """What a fault needs and takes beside its name and seconds, and which calls it can strike; None is all."""

    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset({"operation", "account", "share"})
    operations: frozenset[Operation] | None = None
    status: int | None = None
    statuses: range | tuple[int, ...] = range(500, 600)


_WHERE = frozenset({"operation", "account", "share"})
_DELAY = frozenset({"delay_seconds"})
_STATUS = frozenset({"status"})
_SHARE = frozenset({"share"})
_OFFSET = frozenset({"offset_seconds"})
NATURES: Mapping[FaultKind, Nature] = {
    FaultKind.LATENCY: Nature(needs=_DELAY, takes=_WHERE | _DELAY),
    FaultKind.HANG: Nature(),
    FaultKind.OUTAGE: Nature(takes=_WHERE | _STATUS, status=503),
    FaultKind.RATE_LIMIT: Nature(),
    FaultKind.ERROR_SHARE: Nature(needs=_SHARE, takes=_WHERE | _STATUS, status=500),
    FaultKind.HANG_AFTER_COMMIT: Nature(operations=WRITES),
    FaultKind.ERROR_AFTER_COMMIT: Nature(takes=_WHERE | _STATUS, operations=WRITES, status=500),
    FaultKind.TRUNCATED_JSON: Nature(),
    FaultKind.RACY: Nature(
        needs=_DELAY,
        takes=_WHERE | _DELAY,
        operations=frozenset({Operation.CREATE, Operation.RESCHEDULE, Operation.RESERVE}),
    ),
    FaultKind.LIBRARY_ERROR: Nature(
        needs=_STATUS,
        takes=_WHERE | _STATUS,
        operations=frozenset({Operation.CREATE, Operation.RESCHEDULE, Operation.CANCEL}),
        statuses=(400, 409, 500),
    ),
    FaultKind.SLOT_REFUSED: Nature(operations=frozenset({Operation.CREATE, Operation.RESCHEDULE})),
    FaultKind.SLOTS_OUT_OF_RANGE: Nature(operations=frozenset({Operation.SLOTS})),
    FaultKind.READ_LAG: Nature(
        needs=_DELAY, takes=_WHERE | _DELAY, operations=frozenset({Operation.GET, Operation.LIST})
    ),
    FaultKind.CLOCK_OFFSET: Nature(needs=_OFFSET, takes=_OFFSET),
    FaultKind.WEBHOOK_NEVER: Nature(operations=TELLING),
    FaultKind.WEBHOOK_LATE: Nature(needs=_DELAY, takes=_WHERE | _DELAY, operations=TELLING),
    FaultKind.WEBHOOK_TWICE: Nature(operations=TELLING),
    FaultKind.WEBHOOK_OUT_OF_ORDER: Nature(operations=TELLING),
    FaultKind.WEBHOOK_WRONG_SIGNATURE: Nature(operations=TELLING),
}


class FaultOrder(Instruction):
    """The body of POST /control/faults.

    A key that this fault would ignore is refused: such a drill would prove nothing.
    """

    fault: FaultKind
    seconds: float = Field(gt=0, le=LONGEST_SECONDS)
    operation: Operation | None = None
    account: AccountName | None = None
    share: float | None = Field(default=None, ge=0, le=1)
    status: int | None = None
    delay_seconds: float | None = Field(default=None, gt=0, le=LONGEST_SECONDS)
    offset_seconds: float | None = Field(default=None, ge=-LONGEST_SECONDS, le=LONGEST_SECONDS)

    @model_validator(mode="after")
    def _keys_fit_the_fault(self) -> Self:
        nature = NATURES[self.fault]
        given = {name for name in type(self).model_fields if name not in {"fault", "seconds"} and self._has(name)}
        for name in sorted(nature.needs - given):
            raise ValueError(f"{self.fault} needs {name}; add it")
        for name in sorted(given - nature.takes):
            raise ValueError(f"{self.fault} takes no {name}; remove it")
        self._check_values(nature)
        return self

    def _has(self, name: str) -> bool:
        return getattr(self, name) is not None

    def _check_values(self, nature: Nature) -> None:
        if self.status is not None and self.status not in nature.statuses:
            first, *_, last = nature.statuses
            listed = f"from {first} to {last}" if isinstance(nature.statuses, range) else f"of {nature.statuses}"
            raise ValueError(f"{self.fault} takes a status {listed}, not {self.status}")
        if nature.operations is not None and self.operation not in {None, *nature.operations}:
            listed = ", ".join(sorted(nature.operations))
            raise ValueError(f"{self.fault} strikes only {listed}; name one of them, or leave operation out for all")
        if self.fault is FaultKind.READ_LAG and (self.delay_seconds or 0) > LONGEST_LAG_SECONDS:
            raise ValueError(f"read_lag takes at most {LONGEST_LAG_SECONDS:.0f} delay_seconds")

    @property
    def status_code(self) -> int:
        return self.status or NATURES[self.fault].status or 500

    def concerns(self, operation: Operation | None, account: AccountName | None) -> bool:
        operations = NATURES[self.fault].operations
        if operations is not None and operation not in operations:
            return False
        return self.operation in {None, operation} and self.account in {None, account}
