"""The bodies that /control takes, faults apart: a walk-in, a cancellation by hand, a changed event type, limits.

Apart from the control API because a key that would do nothing is refused, in the same words as for a fault.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.accounts import AccountName
from loadtests.calcom_simulator.instructions import Instruction

_YEAR_DAYS = 3660
_DAY_MINUTES = 24 * 60


class WalkIn(Instruction):
    """A human books at Cal.com itself, behind our back."""

    event_type: int
    start: str
    minutes: int | None = Field(default=None, ge=1, le=_DAY_MINUTES)
    name: str = Field(default="Walk-in", min_length=1)
    email: str = Field(default="walk-in@example.com", min_length=3)

    @field_validator("start")
    @classmethod
    def _is_instant(cls, start: str) -> str:
        wire.instant(start)
        return start


class Withdrawal(Instruction):
    """A human cancels at Cal.com itself."""

    uid: str = Field(min_length=1)
    reason: str = Field(default="cancelled by hand", min_length=1)


class Mutation(Instruction):
    """A human changes an event type; what is left out stays as it is."""

    event_type: int
    title: str | None = Field(default=None, min_length=1)
    minutes: int | None = Field(default=None, ge=1, le=_DAY_MINUTES)
    step_minutes: int | None = Field(default=None, ge=1, le=_DAY_MINUTES)
    lengths: list[int] | None = None
    seats: int | None = Field(default=None, ge=1, le=1000)
    active_bookings: int | None = Field(default=None, ge=1)
    before_minutes: int | None = Field(default=None, ge=0, le=_DAY_MINUTES)
    after_minutes: int | None = Field(default=None, ge=0, le=_DAY_MINUTES)
    notice_minutes: int | None = Field(default=None, ge=0)
    horizon_days: int | None = Field(default=None, ge=0, le=_YEAR_DAYS)
    hidden: bool | None = None
    needs_confirmation: bool | None = None
    needs_key: bool | None = None
    needs_code: bool | None = None
    can_cancel: bool | None = None
    can_reschedule: bool | None = None
    is_deleted: bool | None = None
    hosts_deleted: bool | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.changes() and not self.hosts_deleted:
            raise ValueError("nothing to change: name what should become of the event type")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields of the event type that are to change."""
        given = self.model_dump(exclude={"event_type", "hosts_deleted"}, exclude_none=True)
        return given | ({} if self.lengths is None else {"lengths": tuple(self.lengths)})


class LimitOrder(Instruction):
    """One limit of an account's own."""

    calls: int = Field(ge=1)
    name: str = Field(default="default", min_length=1, max_length=40)
    seconds: float = Field(default=60.0, gt=0, le=86_400)
    block_seconds: float = Field(default=60.0, gt=0, le=86_400)


class LimitsOrder(Instruction):
    """The limits of an account; none brings the default back."""

    account: AccountName
    limits: list[LimitOrder]
