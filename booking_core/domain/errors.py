"""Every way a booking can end badly.

BookingError
├── BookingRefused            the caller's side: burns no error budget
│   ├── InvalidRequest
│   ├── CustomerValidationError
│   ├── HeardUnclearly
│   ├── UnknownService
│   ├── UnknownStaff
│   ├── TimeNotBookable
│   ├── SlotTaken
│   ├── TooManyBookings
│   ├── UnknownAppointment
│   ├── CalledOff                 cancelled while it was being made
│   ├── BookingDeclined           by the salon
│   ├── CancellationRefused       by Cal.com: the appointment stands
│   ├── MoveRefused               by Cal.com: the appointment stands as it was
│   ├── AppointmentBusy           between two states: it can be moved in a moment
│   ├── RequestInFlight
│   └── IdempotencyKeyReused
└── BookingFailed             ours: burns error budget
    ├── AppointmentCreationError
    ├── AppointmentDatabaseError
    │   └── CommitUnknown         the database was lost in the commit
    ├── SlotLost                  taken by somebody else while the booking waited for Cal.com
    ├── BookingExpired            Cal.com stayed away until it was too late
    └── CalcomBookingError
        ├── CalcomUnavailable     the request was not executed
        │   └── CalcomCircuitOpen     nor even sent
        ├── CalcomRateLimited     the request was not executed
        ├── CalcomRejected        Cal.com refuses our configuration
        └── CalcomOutcomeUnknown  the request may have been executed
            └── CalcomStatusUnknown   it was, and led to a state that we have no word for
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from booking_core.domain.hearing import Heard
from booking_core.domain.models import OpenSlot


class BookingError(Exception):
    """The booking did not happen."""

    # Label value, JSON field and log field alike; listed once more in sla/catalogue, compared by a test.
    reason: ClassVar[str]

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class BookingRefused(BookingError):
    """The request cannot be fulfilled as it was made."""


class InvalidRequest(BookingRefused):
    """The request is incomplete or contradicts itself."""

    reason = "invalid_request"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class CustomerValidationError(BookingRefused):
    """The customer's name, phone or e-mail cannot be used."""

    reason = "invalid_customer"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class HeardUnclearly(BookingRefused):
    """Something was not understood surely enough to book on it."""

    reason = "unclear"

    def __init__(self, fields: Sequence[Heard], question: str) -> None:
        super().__init__(question)
        # The most important first: that is what the question asks for.
        self.fields = tuple(fields)


class UnknownService(BookingRefused):
    """This salon does not offer that service."""

    reason = "unknown_service"

    def __init__(self, wanted: str, *, suggestions: Sequence[str]) -> None:
        super().__init__(f"There is no service {wanted!r} here.")
        self.suggestions = tuple(suggestions)


class UnknownStaff(BookingRefused):
    """Nobody of that name offers the service."""

    reason = "unknown_staff"

    def __init__(self, wanted: str, *, suggestions: Sequence[str]) -> None:
        super().__init__(f"{wanted!r} does not offer this service.")
        self.suggestions = tuple(suggestions)


class TimeNotBookable(BookingRefused):
    """That time lies in the past, is too soon, too far ahead, or does not exist on the salon's clock."""

    reason = "time_not_bookable"


class SlotTaken(BookingRefused):
    """Another appointment already holds this slot."""

    reason = "slot_taken"

    def __init__(self, message: str | None = None, *, alternatives: Sequence[OpenSlot] = ()) -> None:
        super().__init__(message)
        self.alternatives = tuple(alternatives)


class TooManyBookings(BookingRefused):
    """You already have as many appointments as this salon allows; one of them can be moved instead."""

    reason = "too_many_bookings"


class UnknownAppointment(BookingRefused):
    """There is no such appointment."""

    reason = "unknown_appointment"


class CalledOff(BookingRefused):
    """This appointment was cancelled while it was being made."""

    reason = "called_off"


class BookingDeclined(BookingRefused):
    """The salon did not accept this appointment."""

    reason = "declined"


class CancellationRefused(BookingRefused):
    """The salon's calendar does not let this appointment be cancelled: it still stands. Please call the salon."""

    reason = "cancellation_refused"


class MoveRefused(BookingRefused):
    """The salon's calendar does not let this appointment be moved: it stands as it was. Please call the salon."""

    reason = "move_refused"


class AppointmentBusy(BookingRefused):
    """This appointment is not settled yet, so it cannot be moved just now; try again in a few minutes."""

    reason = "appointment_busy"


class RequestInFlight(BookingRefused):
    """The first request with this Idempotency-Key is still being answered; ask again in a moment."""

    reason = "request_in_flight"


class IdempotencyKeyReused(BookingRefused):
    """This Idempotency-Key was used for another request; use a new one."""

    reason = "idempotency_key_reused"


class BookingFailed(BookingError):
    """The booking could not be made, through no fault of the caller."""


class AppointmentCreationError(BookingFailed):
    """Something unexpected went wrong on our side."""

    reason = "internal_error"


class AppointmentDatabaseError(BookingFailed):
    """The booking database cannot be reached."""

    reason = "database_unavailable"


class CommitUnknown(AppointmentDatabaseError):
    """The booking database was lost while it stored this; it may have been stored, and the salon will check."""


class SlotLost(BookingFailed):
    """The slot was taken by somebody else while the booking waited for Cal.com."""

    reason = "slot_lost"


class BookingExpired(BookingFailed):
    """Cal.com stayed away until it was too late to book."""

    reason = "expired"


class CalcomBookingError(BookingFailed):
    """Cal.com did not make the booking."""


class CalcomUnavailable(CalcomBookingError):
    """Cal.com cannot be reached or answers with errors; nothing was booked."""

    reason = "calcom_unavailable"


class CalcomCircuitOpen(CalcomUnavailable):
    """Cal.com failed too often of late and is left alone for a moment; nothing was booked."""

    def __init__(self, message: str | None = None, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class CalcomRateLimited(CalcomBookingError):
    """Cal.com allows no more requests for the moment; nothing was booked."""

    reason = "calcom_rate_limited"

    def __init__(self, message: str | None = None, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class CalcomRejected(CalcomBookingError):
    """Cal.com does not accept our credentials or event types; the tenant's set-up needs a look."""

    reason = "calcom_rejected"


class CalcomOutcomeUnknown(CalcomBookingError):
    """Cal.com did not answer; the booking may or may not exist there."""

    reason = "calcom_outcome_unknown"


class CalcomStatusUnknown(CalcomOutcomeUnknown):
    """Cal.com holds the booking in a state that this version of slotwatch does not know."""


def reasons(family: type[BookingError]) -> Iterator[str]:
    """Yield the reason codes of every error below `family`."""
    for error in family.__subclasses__():
        if "reason" in vars(error):
            yield error.reason
        yield from reasons(error)
