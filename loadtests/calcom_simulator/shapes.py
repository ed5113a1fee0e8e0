"""The objects of the current API versions: booking, event type, own profile, webhook payload.

Apart from the store because REST and webhooks name the same things differently (start / startTime, id / bookingId).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from loadtests.calcom_simulator import event_types, wire
from loadtests.calcom_simulator.bookings import Attendee, Booking
from loadtests.calcom_simulator.event_types import EventType, Host

ADDRESS = "Musterstrasse 1, 10115 Berlin"


def _present(**fields: Any) -> dict[str, Any]:
    return {name: content for name, content in fields.items() if content is not None}


def host(who: Host) -> dict[str, Any]:
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
        "absent": False,
        **_present(language=who.language, phoneNumber=who.phone_number),
    }


def title(booking: Booking) -> str:
    return f"{booking.event_type.title} between {booking.event_type.host.name} and {booking.order.attendee.name}"


def booking(row: Booking) -> dict[str, Any]:
    """Return BookingOutput of 2024-08-13 and 2026-02-25."""
    kind, order = row.event_type, row.order
    return {
        "id": row.id,
        "uid": row.uid,
        "title": title(row),
        "description": "",
        "hosts": [host(kind.host)],
        "status": row.status.value,
        "start": wire.utc_text(row.span.start),
        "end": wire.utc_text(row.span.end),
        "duration": kind.minutes,
        "eventTypeId": kind.id,
        "eventType": {"id": kind.id, "slug": kind.slug},
        "location": ADDRESS,
        "absentHost": False,
        "createdAt": wire.utc_text(row.created_at),
        "updatedAt": None if row.updated_at is None else wire.utc_text(row.updated_at),
        "metadata": dict(order.metadata),
        "icsUid": f"{row.uid}@cal.com",
        "attendees": [attendee(order.attendee)],
        "guests": list(order.guests),
        "bookingFieldsResponses": responses(row),
        **_present(cancellationReason=row.cancellation_reason, cancelledByEmail=row.cancelled_by),
    }


def responses(row: Booking) -> dict[str, Any]:
    who = row.order.attendee
    asked = {"name": who.name, "email": who.email, "guests": list(row.order.guests)}
    return asked | _present(attendeePhoneNumber=who.phone_number) | dict(row.order.responses)


def event_type(kind: EventType) -> dict[str, Any]:
    """Return EventTypeOutput of 2024-06-14."""
    return {
        "id": kind.id,
        "ownerId": event_types.OWNER_ID,
        "lengthInMinutes": kind.minutes,
        "title": kind.title,
        "slug": kind.slug,
        "description": "",
        "locations": [{"type": "address", "address": ADDRESS, "public": True}],
        "bookingFields": _booking_fields(),
        "slotInterval": kind.step_minutes,
        "minimumBookingNotice": kind.notice_minutes,
        "beforeEventBuffer": 0,
        "afterEventBuffer": 0,
        "bookingWindow": {"type": "calendarDays", "value": kind.horizon_days, "rolling": True},
        "confirmationPolicy": {"disabled": True},
        "seatsPerTimeSlot": None,
        "recurrence": None,
        "metadata": dict(kind.metadata),
        "hidden": kind.hidden,
        "users": [_user(kind.host)],
        "bookingUrl": f"https://cal.com/{kind.host.username}/{kind.slug}",
        **_EVENT_TYPE_DEFAULTS,
    }


_EVENT_TYPE_DEFAULTS = {
    "price": 0,
    "currency": "eur",
    "scheduleId": None,
    "disableGuests": False,
    "isInstantEvent": False,
    "lockTimeZoneToggleOnBookingPage": False,
    "forwardParamsSuccessRedirect": None,
    "successRedirectUrl": None,
    "bookingRequiresAuthentication": False,
    "disableCancelling": {"disabled": False},
    "disableRescheduling": {"disabled": False},
}


def _booking_fields() -> list[dict[str, Any]]:
    fields = (("name", "name", True), ("email", "email", False), ("phone", "attendeePhoneNumber", False))
    return [{"isDefault": True, "type": kind, "slug": slug, "required": needed} for kind, slug, needed in fields]


def _user(who: Host) -> dict[str, Any]:
    return {"id": who.id, "name": who.name, "username": who.username, "timeZone": who.zone.key}


def profile() -> dict[str, Any]:
    """Return MeOutput: the salon that the key belongs to."""
    return {
        "id": event_types.OWNER_ID,
        "username": event_types.OWNER_USERNAME,
        "email": event_types.OWNER_EMAIL,
        "name": event_types.OWNER_NAME,
        "avatarUrl": None,
        "bio": None,
        "timeFormat": 24,
        "defaultScheduleId": None,
        "weekStart": "Monday",
        "timeZone": event_types.BERLIN,
        "organizationId": None,
    }


def webhook(trigger: str, row: Booking, *, now: datetime) -> dict[str, Any]:
    """Return the body of a webhook, version 2021-10-20."""
    return {"triggerEvent": trigger, "createdAt": wire.utc_text(now), "payload": _payload(row)}


def _payload(row: Booking) -> dict[str, Any]:
    kind = row.event_type
    return {
        "type": kind.slug,
        "title": title(row),
        "eventTitle": kind.title,
        "startTime": wire.utc_text(row.span.start),
        "endTime": wire.utc_text(row.span.end),
        "length": kind.minutes,
        "organizer": {"id": kind.host.id, "username": kind.host.username, **_person(kind.host, row)},
        "attendees": [_guest(row)],
        "responses": {name: {"label": name, "value": given} for name, given in responses(row).items()},
        "userFieldsResponses": {},
        "location": ADDRESS,
        "uid": row.uid,
        "bookingId": row.id,
        "eventTypeId": kind.id,
        "iCalUID": f"{row.uid}@cal.com",
        "iCalSequence": 0 if row.updated_at is None else 1,
        "status": row.status.value.upper(),
        "metadata": dict(row.order.metadata),
        "requiresConfirmation": False,
        "price": 0,
        "currency": "eur",
        "destinationCalendar": None,
        **_cancellation(row),
    }


def _person(who: Host, row: Booking) -> dict[str, Any]:
    return {"name": who.name, "email": who.email, **_locale(who.zone.key, row)}


def _guest(row: Booking) -> dict[str, Any]:
    who = row.order.attendee
    return {
        "name": who.name,
        "email": who.email,
        **_locale(who.zone, row, who.language),
        **_present(phoneNumber=who.phone_number),
    }


def _locale(zone: str, row: Booking, language: str | None = None) -> dict[str, Any]:
    offset = row.span.start.astimezone(ZoneInfo(zone)).utcoffset()
    minutes = 0 if offset is None else int(offset.total_seconds() // 60)
    return {"timeZone": zone, "utcOffset": minutes, "language": {"locale": language or "en"}}


def _cancellation(row: Booking) -> dict[str, Any]:
    if row.updated_at is None:
        return {}
    reason, by = row.cancellation_reason, row.cancelled_by
    return {"cancellationReason": reason, "cancelledBy": by, "requestReschedule": False}
