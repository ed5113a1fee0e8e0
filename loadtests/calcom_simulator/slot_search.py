"""GET /v2/slots: the question as Cal.com reads it and the answer as it writes it.

Apart from the arithmetic because the traps are here: bare dates, an end at midnight, keys in the asker's time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.errors import BadRequest, InvalidInput, NotFound
from loadtests.calcom_simulator.event_types import EventType, EventTypes, Span

FORMATS = ("time", "range")


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """A valid question."""

    event_type: EventType
    within: Span
    zone: ZoneInfo
    shows_end: bool
    rescheduled_uid: str | None

    @classmethod
    def read(cls, query: Mapping[str, str], event_types: EventTypes) -> SlotSearch:
        """Raise InvalidInput, NotFound or BadRequest in the order Cal.com does: fields, event type, range."""
        zone = wire.zone_named(query.get("timeZone", "UTC"))
        if zone is None:
            raise InvalidInput("timeZone must be a valid IANA time-zone")
        if query.get("format", "time") not in FORMATS:
            raise InvalidInput("format must be one of: time, range")
        start, end = _moment(query, "start"), _moment(query, "end")
        event_type = _event_type(query, event_types)
        within = Span(start, _widened(end))
        if within.end < within.start:
            raise BadRequest("Invalid time range given - check the 'start' and 'end' query parameters.")
        return cls(event_type, within, zone, query.get("format") == "range", query.get("bookingUidToReschedule"))

    def answer(self, starts: Iterable[datetime]) -> dict[str, list[dict[str, str]]]:
        """Group the starts by the date they have in the asked time zone."""
        days: dict[str, list[dict[str, str]]] = {}
        for start in starts:
            text = wire.local_text(start, self.zone)
            slot = {"start": text}
            if self.shows_end:
                slot["end"] = wire.local_text(start + self.event_type.length, self.zone)
            days.setdefault(text[:10], []).append(slot)
        return days

    def older_answer(self, starts: Iterable[datetime]) -> dict[str, Any]:
        """Answer in the shape of a request without the current version header."""
        days: dict[str, list[dict[str, str]]] = {}
        for start in starts:
            text = wire.local_text(start, self.zone)
            days.setdefault(text[:10], []).append({"time": text})
        return {"slots": days}


def _moment(query: Mapping[str, str], name: str) -> datetime:
    try:
        return wire.instant(query[name])
    except (KeyError, ValueError) as error:
        raise InvalidInput(f"{name} must be a valid ISO 8601 date string") from error


def _widened(end: datetime) -> datetime:
    # A bare date and an explicit midnight look alike to Cal.com: both mean the end of that day.
    return datetime.combine(end.date(), time(23, 59, 59), end.tzinfo) if end.time() == time(0) else end


def _event_type(query: Mapping[str, str], event_types: EventTypes) -> EventType:
    if "eventTypeId" in query:
        event_type_id = wire.whole_number(query["eventTypeId"])
        if event_type_id is None:
            raise InvalidInput("eventTypeId must be a number")
        found = event_types.find(event_type_id)
    elif "eventTypeSlug" in query and "username" in query:
        found = event_types.find_named(username=query["username"], slug=query["eventTypeSlug"])
    else:
        raise InvalidInput("Either eventTypeId or eventTypeSlug together with username must be provided")
    if found is None:
        raise NotFound("Event Type not found")
    return found
