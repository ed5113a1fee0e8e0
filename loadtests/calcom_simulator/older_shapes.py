"""What Cal.com answers without a (current) `cal-api-version`: a success of another shape, not an error.

Apart so that nobody mistakes it for the contract: it exists to make a forgotten header visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadtests.calcom_simulator import shapes, wire
from loadtests.calcom_simulator.event_types import EventType
from loadtests.calcom_simulator.rows import Booking


def booking(row: Booking) -> dict[str, Any]:
    return {
        "id": row.id,
        "uid": row.uid,
        "title": shapes.title(row),
        "startTime": wire.utc_text(row.span.start),
        "endTime": wire.utc_text(row.span.end),
        "status": row.status.value.upper(),
        "eventType": {"id": row.event_type.id, "slug": row.event_type.slug, "eventName": row.event_type.title},
        "attendees": [{"email": who.email, "name": who.name} for who in row.attendees],
        "user": {"id": row.host.id, "email": row.host.email},
        "metadata": dict(row.order.metadata),
        "paid": False,
        "payment": [],
        "references": [],
    }


def booking_list(rows: Sequence[Booking], *, next_cursor: int | None) -> dict[str, Any]:
    return {"bookings": [booking(row) for row in rows], "recurringInfo": [], "nextCursor": next_cursor}


def event_type_list(kinds: Sequence[EventType]) -> dict[str, Any]:
    entries = [{"id": kind.id, "title": kind.title, "slug": kind.slug, "length": kind.minutes} for kind in kinds]
    return {"eventTypeGroups": [{"teamId": None, "eventTypes": entries}]}
