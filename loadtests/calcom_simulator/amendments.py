"""Small changes to a booking that leave its time alone: location, guests, attendees, absences.

Apart from the sagas' calls because none of them can lose or double a booking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from loadtests.calcom_simulator import locations
from loadtests.calcom_simulator.attendee_input import about_attendee, is_email, read_attendee
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.callers import Caller
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.errors import BadRequest, InvalidInput
from loadtests.calcom_simulator.post import Post
from loadtests.calcom_simulator.rows import Booking
from loadtests.calcom_simulator.webhooks import Trigger

MOST_GUESTS = 10


@dataclass(frozen=True, slots=True)
class Amendments:
    """Changes bookings for their owner."""

    bookings: Bookings
    post: Post
    clock: Clock

    async def mark_absent(self, uid: str, body: Mapping[str, Any], caller: Caller) -> Booking:
        """Note who did not come; only once it has begun."""
        row = self._own(uid, caller)
        if self.clock.now() < row.span.start:
            raise BadRequest("Bookings can only be marked as absent after their scheduled start time.")
        marked = row.with_absences(_absences(body), host=_host_absence(body), at=self.clock.now())
        self.bookings.put(marked)
        await self.post.announce(Trigger.BOOKING_NO_SHOW_UPDATED, marked, caller.luck)
        return marked

    def relocate(self, uid: str, body: Mapping[str, Any], caller: Caller) -> Booking:
        row = self._own(uid, caller)
        location = body.get("location")
        if not isinstance(location, dict) or not isinstance(location.get("type"), str):
            raise InvalidInput("location must be an object with a type")
        locations.refuse_unoffered(row.event_type, location)
        return self._kept(row.changed(at=self.clock.now(), location=locations.shown(location)))

    def add_guests(self, uid: str, body: Mapping[str, Any], caller: Caller) -> Booking:
        row = self._own(uid, caller)
        guests = body.get("guests")
        if not isinstance(guests, list) or not 1 <= len(guests) <= MOST_GUESTS:
            raise InvalidInput(f"guests must be a list of 1 to {MOST_GUESTS} guests")
        emails = [guest.get("email") if isinstance(guest, dict) else None for guest in guests]
        if not all(map(is_email, emails)):
            raise InvalidInput("each guest must have an email")
        order = replace(row.order, guests=(*row.order.guests, *map(str, emails)))
        return self._kept(row.changed(at=self.clock.now(), order=order))

    def add_attendee(self, uid: str, body: Mapping[str, Any], caller: Caller) -> Booking:
        row = self._own(uid, caller)
        sentences = [each.removeprefix("attendee.") for each in about_attendee({"attendee": body})]
        if body.get("email") is None:
            sentences.append("email must be an email")
        if sentences:
            raise InvalidInput(*sentences)
        return self._kept(row.changed(at=self.clock.now(), companions=(*row.companions, read_attendee(body))))

    def own(self, uid: str, caller: Caller) -> Booking:
        """Return a booking that only its owner may look at so closely."""
        caller.required_account()
        row = self.bookings.get(uid)
        caller.require_owner(row.event_type)
        return row

    def _own(self, uid: str, caller: Caller) -> Booking:
        row = self.own(uid, caller)
        if not row.is_live:
            raise BadRequest(f"The booking is {row.status} and can't be changed any more.")
        return row

    def _kept(self, row: Booking) -> Booking:
        self.bookings.put(row)
        return row


def _absences(body: Mapping[str, Any]) -> dict[str, bool]:
    attendees = body.get("attendees") or []
    if not isinstance(attendees, list):
        raise InvalidInput("attendees must be a list")
    for each in attendees:
        if not isinstance(each, dict) or not is_email(each.get("email")) or not isinstance(each.get("absent"), bool):
            raise InvalidInput("each of attendees must have an email and absent, true or false")
    return {each["email"]: each["absent"] for each in attendees}


def _host_absence(body: Mapping[str, Any]) -> bool | None:
    host = body.get("host")
    if host is not None and not isinstance(host, bool):
        raise InvalidInput("host must be true or false")
    return host
