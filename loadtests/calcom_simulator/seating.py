"""Seats: several attendees in one booking, each with a uid and metadata of their own.

Apart from the reception because taking a seat looks for a booking to join before it makes one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.errors import SeatRefused
from loadtests.calcom_simulator.event_types import EventType, Span
from loadtests.calcom_simulator.rows import Booking, Seat


@dataclass(frozen=True, slots=True)
class Seated:
    """The booking someone now sits in, and their seat."""

    row: Booking
    seat_uid: str


@dataclass(frozen=True, slots=True)
class Seating:
    """Finds the booking of a slot, and the seat in it."""

    bookings: Bookings
    clock: Clock

    def joinable(self, event_type: EventType, span: Span) -> Booking | None:
        """Return the booking that holds the attendees of this slot, full or not."""
        rows = self.bookings.seated(event_type, Span(span.start, span.start))
        return next((row for row in rows if row.span == span), None)

    def take(self, draft: Booking) -> Seated:
        """Seat the attendee of the draft; raise SeatRefused when they sit there already, or nobody else can."""
        row = self.joinable(draft.event_type, draft.span)
        if row is not None:
            _refuse(row, draft)
        seat = self._seat(draft, taken=len(row.seats) if row else 0)
        if row is None:
            return Seated(self.bookings.insert(replace(draft, seats=(seat,))), seat.uid)
        joined = row.changed(at=self.clock.now(), seats=(*row.seats, seat))
        self.bookings.put(joined)
        return Seated(joined, seat.uid)

    def _seat(self, draft: Booking, *, taken: int) -> Seat:
        order = draft.order
        salt = f":seat:{taken}:{order.attendee.email}"
        uid = self.bookings.new_uid(draft.host, draft.span, self.clock.now(), salt=salt)
        return Seat(uid, order.attendee, order.metadata, order.responses)


def _refuse(row: Booking, draft: Booking) -> None:
    if draft.order.attendee.email in {seat.attendee.email for seat in row.seats}:
        raise SeatRefused("already_signed_up_for_this_booking_error")
    left = (draft.event_type.seats or 0) - len(row.seats)
    if left <= 0:
        raise SeatRefused("booking_seats_full_error")
    # Guests sit with who brings them.
    if left < 1 + len(draft.order.guests):
        raise SeatRefused("not_enough_available_seats_error")
