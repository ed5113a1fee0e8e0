"""Where a booking takes place: the forms a request may give, and the text a booking shows.

Apart from the other rules because a location is also changed later, by a call of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtests.calcom_simulator.errors import BadRequest
from loadtests.calcom_simulator.event_types import EventType
from loadtests.calcom_simulator.rows import ADDRESS, Order

SALON_PHONE = "+4930123456"
MEETING_LINK = "https://meet.example.com/salon"
# The field that the attendee's own forms must bring along.
_FIELDS: Mapping[str, str | None] = {
    "address": None,
    "link": None,
    "phone": None,
    "organizersDefaultApp": None,
    "integration": "integration",
    "attendeePhone": "phone",
    "attendeeAddress": "address",
    "attendeeDefined": "location",
}
_SHOWN = {
    "address": ADDRESS,
    "link": MEETING_LINK,
    "phone": SALON_PHONE,
    "organizersDefaultApp": MEETING_LINK,
    "integration": MEETING_LINK,
}


def refuse_unoffered(event_type: EventType, location: Mapping[str, Any]) -> None:
    """Raise BadRequest for a form that does not exist, lacks its field, or is not offered by the event type."""
    form = location["type"]
    if form not in event_type.locations:
        offered = ", ".join(event_type.locations)
        raise BadRequest(f"The event type does not offer location {form!r}, only {offered}.")
    needed = _FIELDS.get(form)
    if needed is not None and not isinstance(location.get(needed), str):
        raise BadRequest(f"location.{needed} must be a string for a location of type {form!r}")


def shown(location: Mapping[str, Any]) -> str:
    """Return the text of a location that is offered."""
    form = location["type"]
    own = _FIELDS[form]
    return _SHOWN[form] if form in _SHOWN else str(location[own or "address"])


def of_order(order: Order) -> str:
    """Return where an order takes place; the deprecated meetingUrl still works."""
    if order.location is not None:
        return shown(order.location)
    return order.meeting_url or ADDRESS
