"""GET /v2/slots: the question as Cal.com reads it and the answer as it writes it.

Apart from the arithmetic because the traps are here: bare dates, an end at midnight, keys in the asker's time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.errors import BadRequest, InvalidInput, NotFound
from loadtests.calcom_simulator.event_types import EventType, EventTypes, Host, Span

FORMATS = ("time", "range")
# What people who are booked together, without an event type, are booked for.
DYNAMIC_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Slot:
    """A free start; of a slot with seats also who sits there already."""

    span: Span
    attendees: int | None = None
    booking_uid: str | None = None


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """A valid question. With `needs_everybody` all hosts must be free, not any of them."""

    event_type: EventType
    within: Span
    zone: ZoneInfo
    shows_end: bool
    rescheduled_uid: str | None
    needs_everybody: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str], event_types: EventTypes) -> SlotSearch:
        """Raise InvalidInput, NotFound or BadRequest in the order Cal.com does: fields, event type, range."""
        zone = wire.zone_named(query.get("timeZone", "UTC"))
        if zone is None:
            raise InvalidInput("timeZone must be a valid IANA time-zone")
        if query.get("format", "time") not in FORMATS:
            raise InvalidInput("format must be one of: time, range")
        start, end, minutes = _moment(query, "start"), _moment(query, "end"), _minutes(query)
        event_type = _event_type(query, event_types)
        event_type = replace(event_type, minutes=minutes or event_type.minutes)
        within = Span(start, _widened(end))
        if within.end < within.start:
            raise BadRequest("Invalid time range given - check the 'start' and 'end' query parameters.")
        shows_end, rescheduled = query.get("format") == "range", query.get("bookingUidToReschedule")
        return cls(event_type, within, zone, shows_end, rescheduled, "usernames" in query)

    def beyond(self, extra: Span) -> SlotSearch:
        """Return the question for a range that was not asked for."""
        return replace(self, within=extra)

    def answer(self, slots: Iterable[Slot]) -> dict[str, list[dict[str, Any]]]:
        """Group the slots by the date they have in the asked time zone."""
        days: dict[str, list[dict[str, Any]]] = {}
        for slot in slots:
            text = wire.local_text(slot.span.start, self.zone)
            shown: dict[str, Any] = {"start": text}
            if self.shows_end:
                shown["end"] = wire.local_text(slot.span.end, self.zone)
            if slot.attendees is not None:
                shown["attendeesCount"] = slot.attendees
            if slot.booking_uid is not None:
                shown["bookingUid"] = slot.booking_uid
            days.setdefault(text[:10], []).append(shown)
        return days

    def older_answer(self, slots: Iterable[Slot]) -> dict[str, Any]:
        """Answer in the shape of a request without the current version header."""
        days: dict[str, list[dict[str, str]]] = {}
        for slot in slots:
            text = wire.local_text(slot.span.start, self.zone)
            days.setdefault(text[:10], []).append({"time": text})
        return {"slots": days}


def _moment(query: Mapping[str, str], name: str) -> datetime:
    try:
        return wire.instant(query[name])
    except (KeyError, ValueError) as error:
        raise InvalidInput(f"{name} must be a valid ISO 8601 date string") from error


def _minutes(query: Mapping[str, str]) -> int | None:
    if "duration" not in query:
        return None
    minutes = wire.whole_number(query["duration"])
    if not minutes or minutes > 24 * 60:
        raise InvalidInput("duration must be a number of minutes")
    return minutes


def _widened(end: datetime) -> datetime:
    # A bare date and an explicit midnight look alike to Cal.com: both mean the end of that day.
    return datetime.combine(end.date(), time(23, 59, 59), end.tzinfo) if end.time() == time(0) else end


def _event_type(query: Mapping[str, str], event_types: EventTypes) -> EventType:
    slug = query.get("eventTypeSlug", "")
    if "eventTypeId" in query:
        event_type_id = wire.whole_number(query["eventTypeId"])
        if event_type_id is None:
            raise InvalidInput("eventTypeId must be a number")
        found = event_types.find(event_type_id)
    elif slug and "username" in query:
        found = event_types.find_on_page(username=query["username"], slug=slug)
    elif slug and "teamSlug" in query:
        found = event_types.find_in_team(team=query["teamSlug"], slug=slug)
    elif "usernames" in query:
        found = _dynamic(event_types.hosts_named(query["usernames"].split(",")))
    else:
        raise InvalidInput("Either eventTypeId or eventTypeSlug together with username must be provided")
    if found is None:
        raise NotFound("Event Type not found")
    return found


def _dynamic(hosts: Sequence[Host | None]) -> EventType | None:
    """Return what several people are booked for together; None when one of them is unknown."""
    known = [host for host in hosts if host is not None]
    if len(known) != len(hosts):
        return None
    return EventType(0, "dynamic", "Meeting", DYNAMIC_MINUTES, DYNAMIC_MINUTES, tuple(known))
