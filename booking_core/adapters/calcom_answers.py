"""Reads what Cal.com answers: bookings in every shape it gives them, and refusals in its own words.

Apart from the client because nothing here does anything: a shape we did not expect is an error by name, never a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import structlog

from booking_core.domain.discrepancies import ListedBooking
from booking_core.domain.errors import (
    BookingError,
    CalcomRejected,
    CalcomStatusUnknown,
    SlotTaken,
    TimeNotBookable,
    TooManyBookings,
)
from booking_core.domain.ports import CalcomBooking, CalcomStatus

# Fragments of Cal.com's answers to a create: its error codes are exception names and do not tell these apart.
_TAKEN = (
    "already has booking at this time",
    "hosts either already has booking",
    "reserved this booking time slot",
    "booking_conflict",
)
_NOT_BOOKABLE = ('can\'t be booked at the "start" time', "meeting in the past")
_TOO_MANY = "maximum number of active bookings"

_log = structlog.get_logger()


def data(answer: httpx.Response) -> Any:
    """Return what a success carries; raises ValueError for what is not Cal.com's envelope."""
    envelope = answer.json()
    if not isinstance(envelope, dict) or "data" not in envelope:
        raise ValueError("this is not an answer of Cal.com's")
    return envelope["data"]


def booking(described: Any) -> CalcomBooking:
    """Read one booking. A series comes as an array, of which the first that lives stands for the visit.

    Raises ValueError for what is no booking, CalcomStatusUnknown for one in a state that we have no word for.
    """
    if isinstance(described, list):
        read = [booking(each) for each in described]
        return next((each for each in read if each.is_live), None) or _first(read)
    if not isinstance(described, dict) or not isinstance(described.get("uid"), str):
        raise ValueError("a booking has a uid")
    moved_to = described.get("rescheduledToUid")
    return CalcomBooking(
        uid=described["uid"],
        status=_status(described),
        start=_instant(described.get("start")),
        moved_to=moved_to if isinstance(moved_to, str) and moved_to else None,
        end=_instant(described.get("end")),
    )


def listed(described: Any) -> ListedBooking:
    """Read one booking of a list, ours or not; a seat's metadata is not the booking's: others sit there, too.

    Raises ValueError for what is no booking.
    """
    try:
        metadata, kind = described.get("metadata") or {}, described.get("eventType") or {}
        return ListedBooking(
            uid=described["uid"],
            status=described["status"],
            event_type_id=kind.get("id"),
            start=_moment(described["start"]),
            end=_moment(described["end"]),
            created_at=_moment(described["createdAt"]),
            appointment_id=_uuid(metadata.get("bc_booking")),
            tenant_id=_uuid(metadata.get("bc_tenant")),
            host=next((each.get("username") for each in described.get("hosts") or ()), None),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("this is not a booking") from error


def has_more(answer: httpx.Response) -> bool:
    """Tell whether a list goes on; raises ValueError if it does not say so: half a list must not pass for the whole."""
    try:
        return bool(answer.json()["pagination"]["hasNextPage"])
    except (KeyError, TypeError) as error:
        raise ValueError("this list does not say whether it goes on") from error


def correlation(described: Any) -> frozenset[str]:
    """Return our ids in a booking's metadata; where there are seats, each seat has metadata of its own."""
    if not isinstance(described, dict):
        return frozenset()
    attendees = described.get("attendees")
    holders = [described, *(attendees if isinstance(attendees, list) else ())]
    metadata = (each.get("metadata") for each in holders if isinstance(each, dict))
    ids = (each.get("bc_booking") for each in metadata if isinstance(each, dict))
    return frozenset(each for each in ids if isinstance(each, str))


def refusal(answer: httpx.Response) -> BookingError:
    """Return what a refused create or reschedule means."""
    said = message(answer)
    if answer.status_code == httpx.codes.CONFLICT or any(fragment in said for fragment in _TAKEN):
        return SlotTaken()
    if any(fragment in said for fragment in _NOT_BOOKABLE):
        return TimeNotBookable()
    if _TOO_MANY in said:
        return TooManyBookings()
    return CalcomRejected(said)


def message(answer: httpx.Response) -> str:
    """Return Cal.com's own words; proxies in front of it answer in HTML, without its envelope."""
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"Cal.com answered {answer.status_code} without a reason."


def _first(read: Iterable[CalcomBooking]) -> CalcomBooking:
    for each in read:
        return each
    raise ValueError("a series has at least one booking")


def _status(described: Mapping[str, Any]) -> CalcomStatus:
    word = str(described.get("status"))
    try:
        return CalcomStatus(word)
    except ValueError as error:
        _log.warning("calcom_status_unknown", uid=described["uid"], status=word[:40])
        raise CalcomStatusUnknown from error


def _uuid(text: object) -> UUID | None:
    """Read an id of ours; what somebody else wrote under the same name is none."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None
