"""An appointment as iCalendar (RFC 5545), for the customer's own calendar.

Written here and not by a library: one event in UTC needs no zones, no recurrence and no parser.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from booking_core.domain.letters import CalendarEntry
from booking_core.domain.models import Confirmation

OCTETS_A_LINE = 75


def calendar_entry(facts: Confirmation, *, method: str, organiser: str, stamp: datetime) -> CalendarEntry:
    """Write a whole visit as one event. `method` is PUBLISH, or CANCEL to take it out again.

    The version of the appointment is the sequence: calendars go by the highest, in whatever order letters arrive.
    """
    name, host = _quoted(facts.tenant_name), organiser.rpartition("@")[2]
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//slotwatch//booking core//EN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{facts.lineage}@{host}",
        f"SEQUENCE:{facts.version}",
        f"DTSTAMP:{_utc(stamp)}",
        f"DTSTART:{_utc(facts.start)}",
        f"DTEND:{_utc(facts.end)}",
        f"SUMMARY:{_escaped(f'{facts.service_name} with {facts.staff_name}')}",
        f"LOCATION:{_escaped(facts.tenant_name)}",
        f"ORGANIZER;CN={name}:mailto:{organiser}",
        f"STATUS:{'CANCELLED' if method == 'CANCEL' else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return CalendarEntry(method, "".join(f"{part}\r\n" for line in lines for part in _folded(line)))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _quoted(text: str) -> str:
    """Write a parameter's value; it cannot contain a quotation mark at all."""
    return '"' + text.replace('"', "'") + '"'


def _folded(line: str) -> Iterator[str]:
    """Break a line that is too long between two characters; each further part begins with a space."""
    part = ""
    for character in line:
        if len((part + character).encode()) > OCTETS_A_LINE:
            yield part
            part = " "
        part += character
    yield part
