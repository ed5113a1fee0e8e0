"""The rows: attendee, seat, booking, and what each change makes of a booking.

Apart from the store because these are plain facts and pure changes; the store only finds and keeps them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from loadtests.calcom_simulator.event_types import EventType, Host, Span

ADDRESS = "Musterstrasse 1, 10115 Berlin"


class Status(StrEnum):
    """A booking's own status, not the words of the list filter."""

    ACCEPTED = "accepted"
    PENDING = "pending"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Attendee:
    """Who comes."""

    name: str
    email: str
    zone: str
    phone_number: str | None = None
    language: str | None = None
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A create request that has passed validation."""

    start: datetime
    attendee: Attendee
    event_type_id: int | None = None
    event_type_slug: str | None = None
    username: str | None = None
    team_slug: str | None = None
    minutes: int | None = None
    recurrences: int | None = None
    is_instant: bool = False
    location: Mapping[str, Any] | None = None
    meeting_url: str | None = None
    reservation_uid: str | None = None
    host_ids: frozenset[int] = frozenset()
    code: str | None = None
    allows_conflicts: bool = False
    allows_out_of_bounds: bool = False
    guests: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    responses: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seat:
    """One attendee's place in a seated booking; the metadata of the request lives here, not on the booking."""

    uid: str
    attendee: Attendee
    metadata: Mapping[str, Any]
    responses: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Booking:
    """A row of the booking table. Id and uid are given by the store."""

    event_type: EventType
    host: Host
    span: Span
    order: Order
    created_at: datetime
    id: int = 0
    uid: str = ""
    status: Status = Status.ACCEPTED
    # What was pending once never gets the unique key, not even when it is confirmed (cal.diy issue 29968).
    was_pending: bool = False
    recurring_uid: str | None = None
    seats: tuple[Seat, ...] = ()
    companions: tuple[Attendee, ...] = ()
    location: str = ADDRESS
    updated_at: datetime | None = None
    changes: int = 0
    cancellation_reason: str | None = None
    cancelled_by: str | None = None
    rescheduled_from: str | None = None
    rescheduled_to: str | None = None
    rescheduling_reason: str | None = None
    rescheduled_by: str | None = None
    is_host_absent: bool = False

    @property
    def is_live(self) -> bool:
        return self.status in {Status.ACCEPTED, Status.PENDING}

    @property
    def is_seated(self) -> bool:
        return self.event_type.seats is not None

    @property
    def unique_key(self) -> uuid.UUID | None:
        """The column that makes the second of two identical inserts fail; None when cancelled, or pending once."""
        if self.was_pending or self.status is not Status.ACCEPTED:
            return None
        return uuid.uuid5(
            uuid.NAMESPACE_URL, f"{self.span.start.isoformat()}.{self.span.end.isoformat()}.{self.host.id}"
        )

    @property
    def attendees(self) -> tuple[Attendee, ...]:
        booked = tuple(seat.attendee for seat in self.seats) if self.is_seated else (self.order.attendee,)
        return (*booked, *self.companions)

    def seat(self, uid: str) -> Seat | None:
        return next((seat for seat in self.seats if seat.uid == uid), None)

    def changed(self, *, at: datetime, **fields: Any) -> Booking:
        return replace(self, updated_at=at, changes=self.changes + 1, **fields)

    def cancelled(self, *, reason: str | None, by: str | None, at: datetime) -> Booking:
        return self.changed(at=at, status=Status.CANCELLED, cancellation_reason=reason, cancelled_by=by)

    def moved_to(self, successor: Booking, *, at: datetime) -> Booking:
        """Return the row that a reschedule leaves behind."""
        moved = self.cancelled(reason=successor.rescheduling_reason, by=successor.rescheduled_by, at=at)
        return replace(moved, rescheduled_to=successor.uid, rescheduled_by=successor.rescheduled_by)

    def without_seat(self, uid: str, *, at: datetime) -> Booking:
        return self.changed(at=at, seats=tuple(seat for seat in self.seats if seat.uid != uid))

    def with_absences(self, absences: Mapping[str, bool], *, host: bool | None, at: datetime) -> Booking:
        """Return the row with the attendees of these addresses, and perhaps the host, marked."""

        def marked(who: Attendee) -> Attendee:
            return replace(who, is_absent=absences.get(who.email, who.is_absent))

        return self.changed(
            at=at,
            order=replace(self.order, attendee=marked(self.order.attendee)),
            seats=tuple(replace(seat, attendee=marked(seat.attendee)) for seat in self.seats),
            companions=tuple(marked(who) for who in self.companions),
            is_host_absent=self.is_host_absent if host is None else host,
        )
