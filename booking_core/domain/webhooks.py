"""What the other worlds tell us of their own accord, as it lies in the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from booking_core.domain.models import Traffic


class Source(StrEnum):
    """Who tells us."""

    CALCOM = "calcom"
    RETELL = "retell"


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    RECEIVED = "received"
    PROCESSED = "processed"
    FAILED = "failed"  # tried too often; it waits for a person


class Result(StrEnum):
    """What became of a delivery."""

    APPLIED = "applied"  # an appointment of ours has changed
    UNCHANGED = "unchanged"  # we knew it already
    IMPORTED = "imported"  # about a booking that others made: its time is taken
    IGNORED = "ignored"  # nothing we act upon
    FAILED = "failed"  # tried too often
    DUPLICATE = "duplicate"  # the same bytes were here before
    REFUSED = "refused"  # not signed with the salon's key


# An event that we do not act upon, whatever its sender calls it.
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Notice:
    """A delivery at first sight, before anybody acts upon it.

    `key` says the same of two tellings of one event; `subject` names what it is about: one delivery of a subject is
    processed at a time.
    """

    source: Source
    event: str
    key: str
    subject: str
    traffic: Traffic
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice that was stored. `body` is None once it has been dropped for its age."""

    id: UUID
    tenant_id: UUID
    source: Source
    event: str
    key: str
    subject: str
    digest: str
    traffic: Traffic
    correlation_id: str
    received_at: datetime
    body: bytes | None
    state: DeliveryState = DeliveryState.RECEIVED
    attempts: int = 0
    result: Result | None = None
    error: str | None = None
    processed_at: datetime | None = None
