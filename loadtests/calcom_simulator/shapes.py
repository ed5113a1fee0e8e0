"""The objects of the current API versions: booking, event type, own profile.

Apart from the store because what the wire says of a row depends on its kind, and on the version asked for.
"""

from __future__ import annotations

from typing import Any

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.event_types import EventType, Host
from loadtests.calcom_simulator.rows import Attendee, Booking, Seat, Status

UNKNOWN = "unknown"


def _present(**fields: Any) -> dict[str, Any]:
    return {name: content for name, content in fields.items() if content is not None}


def host(who: Host) -> dict[str, Any]:
    """Return BookingHost; of somebody who was deleted every field is a word, even the id."""
    if not who.is_known:
        return dict.fromkeys(("id", "name", "email", "displayEmail", "username"), UNKNOWN) | {"timeZone": who.zone.key}
    return {
        "id": who.id,
        "name": who.name,
        "email": who.email,
        "displayEmail": who.email,
        "username": who.username,
        "timeZone": who.zone.key,
    }


def attendee(who: Attendee) -> dict[str, Any]:
    return {
        "name": who.name,
        "email": who.email,
        "displayEmail": who.email,
        "timeZone": who.zone,
        "absent": who.is_absent,
        **_present(language=who.language, phoneNumber=who.phone_number),
    }


def numbered_attendees(row: Booking) -> list[dict[str, Any]]:
    """Return the attendees as rows of their own, each with an id."""
    rows = enumerate(row.attendees, start=1)
    return [{"id": row.id * 100 + number, "bookingId": row.id, **attendee(who)} for number, who in rows]


def title(row: Booking) -> str:
    first = next(iter(row.attendees), row.order.attendee)
    return f"{row.event_type.title} between {row.host.name} and {first.name}"


def booking(row: Booking, *, keeps_seats: bool = True, seat_uid: str = "") -> dict[str, Any]:
    """Return the booking as its kind is shown.

    `keeps_seats` is what the versions differ in: whether a cancelled booking still tells who sat there.
    """
    shown = _frame(row)
    shown |= _seated(row, keeps_seats=keeps_seats) if row.is_seated else _ordinary(row)
    return shown | _present(recurringBookingUid=row.recurring_uid, seatUid=seat_uid or None)


def _frame(row: Booking) -> dict[str, Any]:
    return {
        "id": row.id,
        "uid": row.uid,
        "title": title(row),
        "description": "",
        "hosts": [host(row.host)],
        "status": row.status.value,
        "start": wire.utc_text(row.span.start),
        "end": wire.utc_text(row.span.end),
        "duration": row.span.minutes,
        **_event_type(row.event_type),
        "location": row.location,
        "absentHost": row.is_host_absent,
        "createdAt": wire.utc_text(row.created_at),
        "updatedAt": None if row.updated_at is None else wire.utc_text(row.updated_at),
        "icsUid": f"{row.uid}@cal.com",
        **_present(meetingUrl=row.order.meeting_url),
        **_fate(row),
    }


def _event_type(kind: EventType) -> dict[str, Any]:
    if kind.is_deleted:
        return {"eventTypeId": None, "eventType": None}
    return {"eventTypeId": kind.id, "eventType": {"id": kind.id, "slug": kind.slug}}


def _fate(row: Booking) -> dict[str, Any]:
    """Return what a booking says of its end and of its other lives."""
    is_cancelled = row.status is Status.CANCELLED
    return _present(
        cancellationReason=row.cancellation_reason if is_cancelled else None,
        cancelledByEmail=row.cancelled_by if is_cancelled else None,
        rescheduledFromUid=row.rescheduled_from,
        rescheduledToUid=row.rescheduled_to,
        reschedulingReason=row.rescheduling_reason,
        rescheduledByEmail=row.rescheduled_by,
    )


def _ordinary(row: Booking) -> dict[str, Any]:
    return {
        "metadata": dict(row.order.metadata),
        "attendees": [attendee(who) for who in row.attendees],
        "guests": list(row.order.guests),
        "bookingFieldsResponses": responses(row),
    }


def _seated(row: Booking, *, keeps_seats: bool) -> dict[str, Any]:
    is_told = keeps_seats or row.status is not Status.CANCELLED
    return {"metadata": {}, "attendees": [_seat(each) for each in row.seats] if is_told else []}


def _seat(seat: Seat) -> dict[str, Any]:
    return {
        **attendee(seat.attendee),
        "seatUid": seat.uid,
        # The address is left out here, for privacy.
        "bookingFieldsResponses": {"name": seat.attendee.name, **seat.responses},
        "metadata": dict(seat.metadata),
    }


def responses(row: Booking) -> dict[str, Any]:
    who = row.order.attendee
    asked = {"name": who.name, "email": who.email, "guests": list(row.order.guests)}
    return asked | _present(attendeePhoneNumber=who.phone_number) | dict(row.order.responses)


def calendar_links(row: Booking) -> list[dict[str, str]]:
    """Return links that would put the booking into a calendar; nothing is behind them here."""
    labels = ("Google Calendar", "Microsoft Office", "Microsoft Outlook", "ICS")
    return [
        {"label": label, "link": f"https://calendar.example.com/{row.uid}/{index}"}
        for index, label in enumerate(labels)
    ]
