"""Validation of POST /v2/bookings: every broken field gets its sentence, then the body becomes an Order.

Apart from the event type's own rules because these refusals need nothing but the body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.attendee_input import about_attendee, is_email, read_attendee
from loadtests.calcom_simulator.errors import InvalidInput
from loadtests.calcom_simulator.rows import Order

METADATA_KEYS = 50
METADATA_KEY_LENGTH = 40
METADATA_VALUE_LENGTH = 500


def read_order(body: object) -> Order:
    """Return the order, or raise InvalidInput with one sentence for each wrong field."""
    if not isinstance(body, dict):
        raise InvalidInput("the request body must be a JSON object")
    sentences = [sentence for check in _CHECKS for sentence in check(body)]
    if sentences:
        raise InvalidInput(*sentences)
    return _order(body)


def about_start(body: Mapping[str, Any], name: str = "start") -> Iterator[str]:
    try:
        wire.instant(body.get(name, ""))
    except (TypeError, ValueError):
        yield f"{name} must be a valid ISO 8601 date string, such as 2026-12-01T09:00:00Z"


def about_count(body: Mapping[str, Any], name: str) -> Iterator[str]:
    number = body.get(name)
    if number is not None and not (is_integer(number) and number >= 1):
        yield f"{name} must be an integer number not less than 1"


def _about_event_type(body: Mapping[str, Any]) -> Iterator[str]:
    event_type_id = body.get("eventTypeId")
    if event_type_id is not None and not is_integer(event_type_id):
        yield "eventTypeId must be an integer number"
    pages = (body.get("username"), body.get("teamSlug"))
    is_named = isinstance(body.get("eventTypeSlug"), str) and any(isinstance(page, str) for page in pages)
    if event_type_id is None and not is_named:
        yield "Either eventTypeId or eventTypeSlug together with username (or teamSlug) must be provided"
    for name in ("lengthInMinutes", "recurrenceCount"):
        yield from about_count(body, name)


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
    if guests is not None and not (isinstance(guests, list) and all(is_email(guest) for guest in guests)):
        yield "each value in guests must be an email"
    if not isinstance(body.get("bookingFieldsResponses", {}), dict):
        yield "bookingFieldsResponses must be an object"
    location = body.get("location")
    if location is not None and not (isinstance(location, dict) and isinstance(location.get("type"), str)):
        yield "location must be an object with a type"
    for name in ("meetingUrl", "reservedSlotUid", "emailVerificationCode"):
        if body.get(name) is not None and not isinstance(body[name], str):
            yield f"{name} must be a string"


def _about_routing(body: Mapping[str, Any]) -> Iterator[str]:
    routing = body.get("routing")
    if routing is None:
        return
    members = routing.get("teamMemberIds") if isinstance(routing, dict) else None
    if not isinstance(members, list) or not all(map(is_integer, members)) or not is_integer(routing.get("responseId")):
        yield "routing must be an object with a responseId and teamMemberIds, a list of numbers"


_CHECKS = (about_start, _about_event_type, about_attendee, _about_metadata, _about_extras, _about_routing)


def _order(body: Mapping[str, Any]) -> Order:
    return Order(
        start=wire.instant(body["start"]),
        attendee=read_attendee(body["attendee"]),
        event_type_id=body.get("eventTypeId"),
        event_type_slug=body.get("eventTypeSlug"),
        username=body.get("username"),
        team_slug=body.get("teamSlug"),
        minutes=body.get("lengthInMinutes"),
        recurrences=body.get("recurrenceCount"),
        is_instant=bool(body.get("instant")),
        location=body.get("location"),
        meeting_url=body.get("meetingUrl"),
        reservation_uid=body.get("reservedSlotUid"),
        host_ids=frozenset((body.get("routing") or {}).get("teamMemberIds", ())),
        code=body.get("emailVerificationCode"),
        allows_conflicts=body.get("allowConflicts") is True,
        allows_out_of_bounds=body.get("allowBookingOutOfBounds") is True,
        guests=tuple(body.get("guests") or ()),
        metadata=dict(body.get("metadata") or {}),
        responses=dict(body.get("bookingFieldsResponses") or {}),
    )


def is_integer(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
