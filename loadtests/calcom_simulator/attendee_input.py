"""Validation of an attendee: who comes, how to reach them, in which time zone they live.

Apart from the create request because an attendee is also added to a booking later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import phonenumbers

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.rows import Attendee

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def about_attendee(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each wrong field of `attendee`."""
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
    if email is not None and not is_email(email):
        yield "attendee.email must be an email"
    if phone is not None and not _is_phone_number(phone):
        yield "attendee.phoneNumber must be a valid phone number in the E.164 format, such as +4917139200123"
    if attendee.get("language") is not None and not isinstance(attendee["language"], str):
        yield "attendee.language must be a string"


def read_attendee(attendee: Mapping[str, Any]) -> Attendee:
    """Return the attendee of fields that `about_attendee` has nothing to say about."""
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


def is_email(text: object) -> bool:
    return isinstance(text, str) and _EMAIL.fullmatch(text) is not None


def _is_phone_number(text: object) -> bool:
    if not isinstance(text, str) or not text.startswith("+"):
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False
