"""The objects of the current API versions that are not bookings: event type, own profile, webhook subscription.

Apart from the bookings' shapes because nothing here changes with a booking.
"""

from __future__ import annotations

from typing import Any

from loadtests.calcom_simulator.accounts import Account
from loadtests.calcom_simulator.event_types import EventType, Host, Question
from loadtests.calcom_simulator.rows import ADDRESS
from loadtests.calcom_simulator.webhooks import Subscription


def event_type(kind: EventType) -> dict[str, Any]:
    """Return EventTypeOutput of 2024-06-14; a team's has its hosts and how they take turns, too."""
    return {
        "id": kind.id,
        "ownerId": kind.owner.id,
        "lengthInMinutes": kind.minutes,
        "title": kind.title,
        "slug": kind.slug,
        "description": "",
        "locations": [_location(form) for form in kind.locations],
        "bookingFields": [*_DEFAULT_FIELDS, *(_question(each) for each in kind.questions)],
        "slotInterval": kind.step_minutes,
        "minimumBookingNotice": kind.notice_minutes,
        "beforeEventBuffer": kind.before_minutes,
        "afterEventBuffer": kind.after_minutes,
        "bookingWindow": {"type": "calendarDays", "value": kind.horizon_days, "rolling": True},
        "metadata": dict(kind.metadata),
        "hidden": kind.hidden,
        "users": [_user(host) for host in kind.hosts],
        "bookingUrl": f"https://cal.com/{kind.page or kind.hosts[0].username}/{kind.slug}",
        "bookingRequiresAuthentication": kind.needs_key,
        "requiresBookerEmailVerification": kind.needs_code,
        "disableCancelling": {"disabled": not kind.can_cancel},
        "disableRescheduling": {"disabled": not kind.can_reschedule},
        **_DEFAULTS,
        **_kind(kind),
    }


_DEFAULTS = {
    "price": 0,
    "currency": "eur",
    "scheduleId": None,
    "disableGuests": False,
    "isInstantEvent": False,
    "lockTimeZoneToggleOnBookingPage": False,
    "forwardParamsSuccessRedirect": None,
    "successRedirectUrl": None,
}
_DEFAULT_FIELDS = [
    {"isDefault": True, "type": kind, "slug": slug, "required": is_required}
    for kind, slug, is_required in (
        ("name", "name", True),
        ("email", "email", False),
        ("phone", "attendeePhoneNumber", False),
    )
]


def _kind(kind: EventType) -> dict[str, Any]:
    """Return the fields by which the kinds of event types differ."""
    confirms, seats, again = kind.needs_confirmation, kind.seats, kind.recurrence
    shown: dict[str, Any] = {
        "confirmationPolicy": {"type": "always", "blockUnconfirmedBookingsInBooker": False}
        if confirms
        else {"disabled": True},
        "seatsPerTimeSlot": seats,
        "recurrence": again and {"interval": again.weeks, "occurrences": again.occurrences, "frequency": "weekly"},
    }
    if kind.lengths:
        shown["lengthInMinutesOptions"] = list(kind.lengths)
    if seats is not None:
        shown["seats"] = {"seatsPerTimeSlot": seats, "showAttendeeInfo": True, "showAvailabilityCount": True}
    if kind.active_bookings is not None:
        shown["bookerActiveBookingsLimit"] = {"maximumActiveBookings": kind.active_bookings, "offerReschedule": True}
    if kind.team is not None:
        hosts = [{"userId": host.id, "name": host.name, "username": host.username} for host in kind.hosts]
        shown |= {"schedulingType": "roundRobin", "hosts": hosts, "team": {"slug": kind.team}}
    return shown


def _location(form: str) -> dict[str, Any]:
    return {"type": form, "address": ADDRESS, "public": True} if form == "address" else {"type": form}


def _question(question: Question) -> dict[str, Any]:
    shown = {
        "isDefault": False,
        "type": question.type,
        "slug": question.slug,
        "label": question.slug,
        "required": question.is_required,
    }
    return shown | ({"options": list(question.options)} if question.options else {})


def _user(who: Host) -> dict[str, Any]:
    return {"id": who.id, "name": who.name, "username": who.username, "timeZone": who.zone.key}


def profile(account: Account) -> dict[str, Any]:
    """Return MeOutput: the salon that the key belongs to."""
    return {
        "id": account.id,
        "username": account.username,
        "email": account.email,
        "name": account.name,
        "avatarUrl": None,
        "bio": None,
        "timeFormat": 24,
        "defaultScheduleId": None,
        "weekStart": "Monday",
        "timeZone": account.time_zone,
        "organizationId": None,
    }


def subscription(row: Subscription) -> dict[str, Any]:
    """Return UserWebhookOutput, or EventTypeWebhookOutput for one event type's."""
    whose = {"userId": row.account_id} if row.event_type_id is None else {"eventTypeId": row.event_type_id}
    return {
        "id": row.id,
        **whose,
        "triggers": sorted(row.triggers),
        "subscriberUrl": row.url,
        "active": row.is_active,
        "payloadTemplate": row.template,
        **({} if row.secret is None else {"secret": row.secret}),
    }
