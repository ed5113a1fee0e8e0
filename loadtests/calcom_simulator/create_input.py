"""Validation of POST /v2/bookings: every broken field gets its sentence, then the body becomes an Order.

Apart from the routes because these refusals are the part of the contract a client meets first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import phonenumbers

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.bookings import Attendee, Order
from loadtests.calcom_simulator.errors import BadRequest, InvalidInput

METADATA_KEYS = 50
METADATA_KEY_LENGTH = 40
METADATA_VALUE_LENGTH = 500
OFFERED_LOCATION = "address"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def read_order(body: object) -> Order:
    """Return the order, or raise InvalidInput with one sentence for each wrong field."""
    if not isinstance(body, dict):
        raise InvalidInput("the request body must be a JSON object")
    sentences = [sentence for check in _CHECKS for sentence in check(body)]
    if sentences:
        raise InvalidInput(*sentences)
    _refuse_other_kinds(body)
    return _order(body)


def _about_start(body: Mapping[str, Any]) -> Iterator[str]:
    try:
        wire.instant(body.get("start", ""))
    except (TypeError, ValueError):
        yield "start must be a valid ISO 8601 date string, such as 2026-12-01T09:00:00Z"


def _about_event_type(body: Mapping[str, Any]) -> Iterator[str]:
    event_type_id = body.get("eventTypeId")
    if event_type_id is not None and not _is_integer(event_type_id):
        yield "eventTypeId must be an integer number"
    slug, username = body.get("eventTypeSlug"), body.get("username")
    named = isinstance(slug, str) and isinstance(username, str)
    if event_type_id is None and not named:
        yield "Either eventTypeId or eventTypeSlug together with username (or teamSlug) must be provided"
    length = body.get("lengthInMinutes")
    if length is not None and not (_is_integer(length) and length >= 1):
        yield "lengthInMinutes must be an integer number not less than 1"


def _about_attendee(body: Mapping[str, Any]) -> Iterator[str]:
    attendee = body.get("attendee")
    if not isinstance(attendee, dict):
        yield "attendee should be a non-empty object with name, timeZone and email or phoneNumber"
        return
    name = attendee.get("name")
    if not isinstance(name, str) or not name.strip():
        yield "attendee.name must be a non-empty string"
    if wire.zone_named(attendee.get("timeZone")) is None:
        yield "attendee.timeZone must be a valid IANA time-zone"
    yield from _about_contact(attendee)


def _about_contact(attendee: Mapping[str, Any]) -> Iterator[str]:
    email, phone = attendee.get("email"), attendee.get("phoneNumber")
    if email is None and phone is None:
        yield "attendee.email or attendee.phoneNumber must be provided"
    if email is not None and not _is_email(email):
        yield "attendee.email must be an email"
    if phone is not None and not _is_phone_number(phone):
        yield "attendee.phoneNumber must be a valid phone number in the E.164 format, such as +4917139200123"
    if attendee.get("language") is not None and not isinstance(attendee["language"], str):
        yield "attendee.language must be a string"


def _about_metadata(body: Mapping[str, Any]) -> Iterator[str]:
    metadata = body.get("metadata")
    if metadata is None:
        return
    if not isinstance(metadata, dict):
        yield "metadata must be an object"
        return
    if len(metadata) > METADATA_KEYS:
        yield f"metadata must have at most {METADATA_KEYS} keys"
    for key, entry in metadata.items():
        if len(key) > METADATA_KEY_LENGTH:
            yield f"metadata key {key!r} must be at most {METADATA_KEY_LENGTH} characters"
        yield from _about_metadata_value(key, entry)


def _about_metadata_value(key: str, entry: object) -> Iterator[str]:
    if isinstance(entry, str) and len(entry) > METADATA_VALUE_LENGTH:
        yield f"metadata value of {key!r} must be at most {METADATA_VALUE_LENGTH} characters"
    if not isinstance(entry, str | bool | int | float):
        yield f"metadata value of {key!r} must be a string, a number or a boolean"


def _about_extras(body: Mapping[str, Any]) -> Iterator[str]:
    guests = body.get("guests")
    if guests is not None and not (isinstance(guests, list) and all(_is_email(guest) for guest in guests)):
        yield "each value in guests must be an email"
    if not isinstance(body.get("bookingFieldsResponses", {}), dict):
        yield "bookingFieldsResponses must be an object"
    location = body.get("location")
    if location is not None and not (isinstance(location, dict) and isinstance(location.get("type"), str)):
        yield "location must be an object with a type"


_CHECKS = (_about_start, _about_event_type, _about_attendee, _about_metadata, _about_extras)


def _refuse_other_kinds(body: Mapping[str, Any]) -> None:
    """Refuse what only event types of other kinds take; the salon has ordinary ones."""
    if body.get("lengthInMinutes") is not None:
        raise BadRequest(
            "Can't specify 'lengthInMinutes' because the event type does not have several lengths; remove the field."
        )
    if body.get("recurrenceCount") is not None:
        raise BadRequest("Can't specify 'recurrenceCount' because the event type is not recurring; remove the field.")
    if body.get("instant"):
        raise BadRequest("Can't book an instant meeting because the event type does not belong to a team.")
    location = body.get("location")
    if location is not None and location["type"] != OFFERED_LOCATION:
        raise BadRequest(f"The event type does not offer location {location['type']!r}, only {OFFERED_LOCATION!r}.")


def _order(body: Mapping[str, Any]) -> Order:
    return Order(
        start=wire.instant(body["start"]),
        attendee=_attendee(body["attendee"]),
        event_type_id=body.get("eventTypeId"),
        event_type_slug=body.get("eventTypeSlug"),
        username=body.get("username"),
        guests=tuple(body.get("guests") or ()),
        metadata=dict(body.get("metadata") or {}),
        responses=dict(body.get("bookingFieldsResponses") or {}),
    )


def _attendee(attendee: Mapping[str, Any]) -> Attendee:
    phone = attendee.get("phoneNumber")
    return Attendee(
        name=attendee["name"],
        email=attendee.get("email") or _email_of(phone),
        zone=attendee["timeZone"],
        phone_number=phone,
        language=attendee.get("language"),
    )


def _email_of(phone_number: object) -> str:
    # Who leaves only a number is given an address made of it. Its form is not confirmed: nobody may rely on it.
    return f"{str(phone_number).removeprefix('+')}@sms.cal.com"


def _is_integer(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)


def _is_email(text: object) -> bool:
    return isinstance(text, str) and _EMAIL.fullmatch(text) is not None


def _is_phone_number(text: object) -> bool:
    if not isinstance(text, str) or not text.startswith("+"):
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False
