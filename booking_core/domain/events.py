"""What happened, in the past tense. Events carry ids, reason codes and durations, never personal data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from booking_core.domain.call_figures import CallFigures
from booking_core.domain.models import Chair, Origin
from booking_core.domain.webhooks import Result, Source


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a booking attempt."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class AppointmentBookingInitiated(Event):
    """Somebody asked for an appointment."""

    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class CalcomBookingCreated(Event):
    """Cal.com holds the booking; our own row is not yet confirmed."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True)
class Effort:
    """What one attempt cost: seconds per step of the saga, and SQL statements."""

    step_seconds: Mapping[str, float] = field(default_factory=dict)
    queries: int = 0


@dataclass(frozen=True, slots=True)
class AppointmentBooked(Event):
    """The appointment stands in both worlds; `waited_seconds` if that is not said in answer to the request for it.

    Not news if somebody else, a webhook or a job, confirmed it while the request was under way, and has said so.
    """

    appointment_id: UUID
    tenant_id: UUID
    effort: Effort
    waited_seconds: float | None = None
    is_news: bool = True
    chair: Chair | None = None
    # False: the customer left none, and there is nobody to write to.
    has_address: bool = True


@dataclass(frozen=True, slots=True)
class CalcomSyncRequired(Event):
    """The chair is held here and Cal.com does not have it yet, or may have it; a job is on its way."""

    appointment_id: UUID
    tenant_id: UUID
    reason: str
    effort: Effort


@dataclass(frozen=True, slots=True)
class AppointmentBookingFailed(Event):
    """The attempt ended without an appointment; `outcome` is `failed` (ours) or `refused` (the caller's)."""

    tenant_id: UUID
    outcome: str
    reason: str
    effort: Effort
    appointment_id: UUID | None = None
    # What was held for it and is free again.
    chair: Chair | None = None


@dataclass(frozen=True, slots=True)
class AppointmentMoved(Event):
    """The salon has moved a confirmed appointment at Cal.com: to another time, or to a colleague."""

    appointment_id: UUID
    tenant_id: UUID
    # Where it was.
    chair: Chair | None = None


@dataclass(frozen=True, slots=True)
class AppointmentRescheduled(Event):
    """The customer's appointment stands at its new time in both worlds, and the former time is free."""

    appointment_id: UUID
    tenant_id: UUID
    former_id: UUID
    waited_seconds: float | None = None
    chair: Chair | None = None
    former_chair: Chair | None = None


@dataclass(frozen=True, slots=True)
class AppointmentReschedulingFailed(Event):
    """A move that was noted could not be made: the former appointment stands, or what has become of it meanwhile."""

    appointment_id: UUID
    tenant_id: UUID
    former_id: UUID
    reason: str
    chair: Chair | None = None


@dataclass(frozen=True, slots=True)
class AppointmentCancelled(Event):
    """The appointment is cancelled in both worlds; its chair is free."""

    appointment_id: UUID
    tenant_id: UUID
    chair: Chair | None = None


@dataclass(frozen=True, slots=True)
class AppointmentCancellationRefused(Event):
    """Cal.com does not cancel the appointment: it stands."""

    appointment_id: UUID
    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class CallMeasured(Event):
    """A call is over, and Retell has told how long things took in it."""

    tenant_id: UUID
    figures: CallFigures


@dataclass(frozen=True, slots=True)
class WebhookReceived(Event):
    """Cal.com or Retell told us something new; it is stored, and a job will act upon it."""

    tenant_id: UUID
    delivery_id: UUID
    source: Source
    event: str


@dataclass(frozen=True, slots=True)
class WebhookProcessed(Event):
    """A delivery has been acted upon, or left alone; `result` says which."""

    tenant_id: UUID
    delivery_id: UUID
    source: Source
    event: str
    result: Result


@dataclass(frozen=True, slots=True)
class InconsistencyDetected(Event):
    """Cal.com and we differ, seen twice; `action` is what was done about it, or why nothing was.

    `subject` names the difference as the table of inconsistencies does.
    """

    tenant_id: UUID
    kind: str
    action: str
    subject: str
    appointment_id: UUID | None = None


ALL: tuple[type[Event], ...] = (
    AppointmentBookingInitiated,
    CalcomBookingCreated,
    AppointmentBooked,
    CalcomSyncRequired,
    AppointmentBookingFailed,
    AppointmentMoved,
    AppointmentRescheduled,
    AppointmentReschedulingFailed,
    AppointmentCancelled,
    AppointmentCancellationRefused,
    CallMeasured,
    WebhookReceived,
    WebhookProcessed,
    InconsistencyDetected,
)
