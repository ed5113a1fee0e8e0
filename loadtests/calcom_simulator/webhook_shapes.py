"""The body of a webhook, version 2021-10-20.

Apart from the REST shapes because the same things have other names here: startTime, bookingId, an upper-case status.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from loadtests.calcom_simulator import shapes, wire
from loadtests.calcom_simulator.event_types import Host
from loadtests.calcom_simulator.rows import Attendee, Booking, Seat, Status
from loadtests.calcom_simulator.webhooks import Trigger


def webhook(trigger: Trigger, row: Booking, *, now: datetime, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body; `more` is what only this trigger says."""
    payload = _absences(row) if trigger is Trigger.BOOKING_NO_SHOW_UPDATED else _payload(row)
    return {"triggerEvent": trigger, "createdAt": wire.utc_text(now), "payload": {**payload, **more}}


def rescheduling(row: Booking, former: Booking) -> dict[str, Any]:
    """Return what BOOKING_RESCHEDULED adds: the payload's uid is the new booking's, these are the old one's."""
    return {
        "rescheduleUid": former.uid,
        "rescheduleId": former.id,
        "rescheduleStartTime": wire.utc_text(former.span.start),
        "rescheduleEndTime": wire.utc_text(former.span.end),
        "rescheduledBy": row.rescheduled_by,
    }


def _payload(row: Booking) -> dict[str, Any]:
    kind = row.event_type
    return {
        "type": kind.slug,
        "title": shapes.title(row),
        "eventTitle": kind.title,
        "startTime": wire.utc_text(row.span.start),
        "endTime": wire.utc_text(row.span.end),
        "length": row.span.minutes,
        "organizer": {"id": row.host.id, "username": row.host.username, **_person(row.host, row)},
        "attendees": [_guest(who, row) for who in row.attendees],
        "responses": {name: {"label": name, "value": given} for name, given in shapes.responses(row).items()},
        "userFieldsResponses": {},
        "location": row.location,
        "uid": row.uid,
        "bookingId": row.id,
        "eventTypeId": kind.id,
        "iCalUID": f"{row.uid}@cal.com",
        "iCalSequence": row.changes,
        "status": row.status.value.upper(),
        "metadata": _metadata(row),
        "requiresConfirmation": kind.needs_confirmation,
        "price": 0,
        "currency": "eur",
        "destinationCalendar": None,
        **_seats(row),
        **_cancellation(row),
    }


def _metadata(row: Booking) -> dict[str, Any]:
    """Return the metadata of the request that caused the message: the last one's to sit down."""
    last: Seat | None = row.seats[-1] if row.seats else None
    return dict(last.metadata if last is not None else row.order.metadata)


def _person(who: Host, row: Booking) -> dict[str, Any]:
    return {"name": who.name, "email": who.email, **_locale(who.zone.key, row)}


def _guest(who: Attendee, row: Booking) -> dict[str, Any]:
    phone = {} if who.phone_number is None else {"phoneNumber": who.phone_number}
    return {"name": who.name, "email": who.email, **_locale(who.zone, row, who.language), **phone}


def _locale(zone: str, row: Booking, language: str | None = None) -> dict[str, Any]:
    offset = row.span.start.astimezone(ZoneInfo(zone)).utcoffset()
    minutes = 0 if offset is None else int(offset.total_seconds() // 60)
    return {"timeZone": zone, "utcOffset": minutes, "language": {"locale": language or "en"}}


def _seats(row: Booking) -> dict[str, Any]:
    if not row.is_seated:
        return {}
    return {"seatsPerTimeSlot": row.event_type.seats, "seatsShowAttendees": True, "seatsShowAvailabilityCount": True}


def _cancellation(row: Booking) -> dict[str, Any]:
    if row.status is not Status.CANCELLED:
        return {} if row.status is not Status.REJECTED else {"rejectionReason": row.cancellation_reason}
    reason, by = row.cancellation_reason, row.cancelled_by
    return {"cancellationReason": reason, "cancelledBy": by, "requestReschedule": False}


def _absences(row: Booking) -> dict[str, Any]:
    absent = [{"email": who.email, "noShow": who.is_absent} for who in row.attendees]
    message = f"{sum(who.is_absent for who in row.attendees)} of {len(absent)} attendees marked as no-show"
    return {"bookingUid": row.uid, "bookingId": row.id, "attendees": absent, "message": message}
