"""Holds on slots: made for minutes, first come first served, and advisory only, as at Cal.com.

Apart from the bookings because a hold is checked and then written, with nothing unique between the two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from loadtests.calcom_simulator import order_rules, wire
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.callers import Caller
from loadtests.calcom_simulator.create_input import about_count, about_start, is_integer
from loadtests.calcom_simulator.errors import (
    BadRequest,
    Forbidden,
    InvalidInput,
    NotFound,
    Unauthorized,
    UnprocessableEntity,
)
from loadtests.calcom_simulator.event_types import EventType, EventTypes, Span
from loadtests.calcom_simulator.fault_orders import FaultKind

DEFAULT_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Reservation:
    """A slot that is held until a moment."""

    uid: str
    event_type: EventType
    span: Span
    minutes: int
    until: datetime


class Reservations:
    """The holds in force, the earliest first."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Reservation] = {}

    def put(self, reservation: Reservation) -> None:
        self._by_uid[reservation.uid] = reservation

    def find(self, uid: str, *, now: datetime) -> Reservation | None:
        held = self._by_uid.get(uid)
        return held if held is not None and held.until > now else None

    def remove(self, uid: str | None) -> None:
        if uid is not None:
            self._by_uid.pop(uid, None)

    def on(self, event_type: EventType, span: Span, *, now: datetime) -> list[Reservation]:
        """Return who holds any of this time of this event type, the first in line first."""
        for expired in [each.uid for each in self._by_uid.values() if each.until <= now]:
            del self._by_uid[expired]
        held = self._by_uid.values()
        return [each for each in held if each.event_type.id == event_type.id and each.span.overlaps(span)]

    def refuse_if_held(self, event_type: EventType, span: Span, *, own_uid: str | None, now: datetime) -> None:
        """Raise BadRequest when somebody else was first to hold the slot; seats are not held against one another."""
        line = self.on(event_type, span, now=now)
        if event_type.seats is None and line and line[0].uid != own_uid:
            seconds = math.ceil((line[0].until - now).total_seconds())
            raise BadRequest(f"Someone else reserved this booking time slot. Try again in {seconds} seconds.")

    def clear(self) -> None:
        self._by_uid.clear()


@dataclass(frozen=True, slots=True)
class ReservationDesk:
    """Makes, moves and gives up holds."""

    event_types: EventTypes
    bookings: Bookings
    reservations: Reservations

    async def reserve(self, body: object, caller: Caller, *, now: datetime) -> Reservation:
        draft = self._draft(body, caller, now=now)
        self._refuse_taken(draft, now=now)
        await caller.luck.linger(FaultKind.RACY)
        host = draft.event_type.hosts[0]
        salt = f":hold:{len(self.reservations.on(draft.event_type, draft.span, now=now))}"
        reservation = replace(draft, uid=self.bookings.new_uid(host, draft.span, now, salt=salt))
        self.reservations.put(reservation)
        return reservation

    def change(self, uid: str, body: object, caller: Caller, *, now: datetime) -> Reservation:
        """Replace a hold; its own present slot does not stand in its way."""
        if self.reservations.find(uid, now=now) is None:
            raise NotFound(f"Slot with uid={uid} not found")
        reservation = replace(self._draft(body, caller, now=now), uid=uid)
        self._refuse_taken(reservation, now=now)
        self.reservations.put(reservation)
        return reservation

    def _draft(self, body: object, caller: Caller, *, now: datetime) -> Reservation:
        fields = _valid(body)
        minutes = fields.get("reservationDuration")
        if minutes is not None and caller.account is None:
            raise Unauthorized("reservationDuration can only be used by authenticated requests.")
        event_type = self.event_types.find(fields["eventTypeId"])
        if event_type is None:
            raise NotFound(f"Event Type with ID={fields['eventTypeId']} not found")
        if minutes is not None and not caller.owns(event_type):
            raise Forbidden("reservationDuration can only be used by the owner of the event type.")
        if not event_type.hosts:
            raise BadRequest("Cannot reserve a slot for a team event without any hosts")
        order_rules.refuse_length(fields.get("slotDuration"), event_type, field="slotDuration")
        span = event_type.span_from(wire.instant(fields["slotStart"]), fields.get("slotDuration"))
        minutes = minutes or DEFAULT_MINUTES
        return Reservation("", event_type, span, minutes, now + timedelta(minutes=minutes))

    def _refuse_taken(self, draft: Reservation, *, now: datetime) -> None:
        event_type, span = draft.event_type, draft.span
        others = [held for held in self.reservations.on(event_type, span, now=now) if held.uid != draft.uid]
        if event_type.seats is None:
            self._refuse_booked(event_type, span)
            if others:
                raise UnprocessableEntity("This slot is already reserved by somebody else; choose another time.")
            return
        rows = [row for row in self.bookings.seated(event_type, Span(span.start, span.start)) if row.span == span]
        if sum(len(row.seats) for row in rows) + len(others) >= event_type.seats:
            raise UnprocessableEntity(f"The slot at {wire.utc_text(span.start)} has no more seats left.")

    def _refuse_booked(self, event_type: EventType, span: Span) -> None:
        free = [host for host in event_type.hosts if not self._is_booked(event_type, span, host.id)]
        if not free:
            raise UnprocessableEntity("Can't reserve a slot that is already booked.")

    def _is_booked(self, event_type: EventType, span: Span, host_id: int) -> bool:
        rows = self.bookings.live.touching(host_id, span)
        return any(row.event_type.id == event_type.id and row.span.overlaps(span) for row in rows)


def shown(reservation: Reservation) -> dict[str, Any]:
    """Return ReserveSlotOutput."""
    return {
        "eventTypeId": reservation.event_type.id,
        "slotStart": wire.utc_text(reservation.span.start),
        "slotEnd": wire.utc_text(reservation.span.end),
        "slotDuration": reservation.span.minutes,
        "reservationUid": reservation.uid,
        "reservationDuration": reservation.minutes,
        "reservationUntil": wire.utc_text(reservation.until),
    }


def _valid(body: object) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise InvalidInput("the request body must be a JSON object")
    sentences = list(about_start(body, "slotStart"))
    if not is_integer(body.get("eventTypeId")):
        sentences.append("eventTypeId must be an integer number")
    for name in ("slotDuration", "reservationDuration"):
        sentences += about_count(body, name)
    if sentences:
        raise InvalidInput(*sentences)
    return body
