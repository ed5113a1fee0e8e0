"""The nouns of a booking, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from booking_core.domain.hearing import Confidence


class Channel(StrEnum):
    """How the request reached us."""

    VOICE = "voice"
    API = "api"


class Traffic(StrEnum):
    """Whether a customer or a probe is asking; a probe never reaches a customer, an invoice or a KPI."""

    REAL = "real"
    SYNTHETIC = "synthetic"


class PromptVersion(StrEnum):
    """Which prompt the voice agent speaks by: v1 confirms everything, v2 once, at the end."""

    V1 = "v1"
    V2 = "v2"


class State(StrEnum):
    """Where an appointment stands between PostgreSQL and Cal.com."""

    CREATING = "creating"  # held here, being asked for there
    QUEUED = "queued"  # held here, not yet asked for there: a job will
    UNKNOWN = "unknown"  # asked for there, no answer: the slot stays held
    PENDING = "pending"  # booked there, and the salon has to accept it
    CONFIRMED = "confirmed"
    CANCELLING = "cancelling"  # to be cancelled there: the slot stays held until it is
    RELEASED = "released"  # refused there, free again here
    FAILED = "failed"  # not made there, free again here
    CANCELLED = "cancelled"
    MOVED = "moved"  # another has taken its place


# The states that occupy a chair; the exclusion constraint in the database names the same ones.
OCCUPYING = (State.CREATING, State.QUEUED, State.UNKNOWN, State.PENDING, State.CONFIRMED, State.CANCELLING)
# The states from which a job brings it further: the two worlds may disagree, or have not decided yet.
UNSETTLED = (State.CREATING, State.QUEUED, State.UNKNOWN, State.PENDING, State.CANCELLING)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A salon. `token` is the opaque word in its Retell URL."""

    id: UUID
    token: str
    name: str
    time_zone: ZoneInfo
    country: str
    retell_api_key: str
    calcom_api_key: str
    # None: this salon has no webhook at Cal.com, and whatever claims to be one is refused.
    calcom_webhook_secret: str | None = None
    # The Retell agent that speaks by each prompt, where the salon has one.
    agents: Mapping[PromptVersion, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offering:
    """A service, or one segment of it, as one member of staff offers it: exactly one Cal.com event type."""

    service_id: UUID
    service_slug: str
    service_name: str
    minutes: int
    staff_id: UUID
    staff_slug: str
    staff_name: str
    calcom_event_type_id: int
    # Most services have one segment; the next ones begin so long after the visit does.
    segment: int = 0
    offset_minutes: int = 0


@dataclass(frozen=True, slots=True)
class ServiceNames:
    """A service and the words callers use for it."""

    id: UUID
    slug: str
    name: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Customer:
    """A caller, known by phone number."""

    id: UUID
    phone: str
    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """What the salon remembers of somebody who rings."""

    name: str
    last_service: str | None


@dataclass(frozen=True, slots=True)
class CustomerWish:
    """Who the caller says they are, as heard."""

    name: str
    phone: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: carried through to metrics, logs, PostgreSQL and Cal.com."""

    channel: Channel
    traffic: Traffic
    correlation_id: str
    # None where no voice agent speaks, or one that does not say.
    prompt_version: PromptVersion | None = None


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What the caller asks for. `start` is ISO 8601; without an offset it is the salon's local time."""

    service: str
    start: str
    customer: CustomerWish
    staff: str | None = None
    # How surely each was heard, from 0 to 1, as far as the agent says so.
    confidence: Confidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AvailabilityRequest:
    """A question for free slots on one local day, nearest to `near` first."""

    service: str
    day: date
    near: time | None = None
    staff: str | None = None
    limit: int = 10
    # Ask Cal.com itself: a probe that heard what is remembered would call a dead calendar alive.
    is_fresh: bool = False


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """A time somebody is free; a hint, never a promise."""

    start: datetime
    staff_slug: str


@dataclass(frozen=True, slots=True)
class Chair:
    """Whose time an appointment takes, and when."""

    staff_id: UUID
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Former:
    """The appointment whose place another takes, as it stands now."""

    id: UUID
    state: State
    calcom_uid: str | None
    start: datetime


@dataclass(frozen=True, slots=True)
class Appointment:
    """A chair held, or no longer held, for a customer; `start` and `end` are UTC."""

    id: UUID
    tenant_id: UUID
    offering: Offering
    customer: Customer
    start: datetime
    end: datetime
    origin: Origin
    state: State
    # The same wish, said again, has the same key: while the appointment lives it is not made twice.
    key: UUID
    asked_at: datetime
    calcom_uid: str | None = None
    # Since when the two worlds may disagree, and how often it was looked for at Cal.com in vain.
    doubted_at: datetime | None = None
    looks: int = 0
    cancellation_reason: str | None = None
    # The id of the first segment, where there are several.
    visit_id: UUID | None = None
    # What it replaces, and the id of the very first of them all; both None where nothing was ever moved.
    former: Former | None = None
    first_id: UUID | None = None
    # Grows with every change of state: a writer says which version it saw.
    version: int = 0

    @property
    def chair(self) -> Chair:
        return Chair(self.offering.staff_id, self.start, self.end)

    @property
    def former_chair(self) -> Chair | None:
        """Return what is free again once it stands: a move changes the time, and nothing else."""
        if self.former is None:
            return None
        return Chair(self.offering.staff_id, self.former.start, self.former.start + (self.end - self.start))

    @property
    def lineage(self) -> UUID:
        """Return what all times of one visit have in common: Cal.com knows a booking by it, however often moved."""
        return self.first_id or self.id

    @property
    def is_move(self) -> bool:
        """Tell whether its former time stands until this one is settled."""
        return self.former is not None and self.former.state is not State.MOVED

    @property
    def waits_since(self) -> datetime:
        """Return since when it waits for Cal.com: one that Cal.com had taken, and lost, only since it is missed."""
        if self.calcom_uid is not None and self.doubted_at is not None:
            return self.doubted_at
        return self.asked_at


@dataclass(frozen=True, slots=True)
class Reply:
    """What a caller of the API was told: a status and a JSON object. Final ones are the same whenever asked again."""

    status: int
    body: Mapping[str, Any]
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a letter to the customer says."""

    appointment_id: UUID
    # The same at all times of a visit: calendars know it by this.
    lineage: UUID
    tenant_name: str
    time_zone: ZoneInfo
    customer_name: str
    customer_email: str | None
    service_name: str
    staff_name: str
    start: datetime
    end: datetime
    state: State
    version: int
    former: Former | None = None
