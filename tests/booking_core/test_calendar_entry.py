"""Appointments as iCalendar objects: RFC 5545, to the octet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from booking_core.domain.models import Confirmation, State
from booking_core.services.calendar_entry import calendar_entry
from booking_core.services.wording import on_one_line
from tests.factories import BERLIN, NOW, TEN_O_CLOCK, an_id

FACTS = Confirmation(
    appointment_id=an_id("appointment"),
    lineage=an_id("first time"),
    tenant_name="Salon Test",
    time_zone=BERLIN,
    customer_name="Erika Muster",
    customer_email="erika@example.org",
    service_name="Haircut",
    staff_name="Anna",
    start=TEN_O_CLOCK,
    end=TEN_O_CLOCK + timedelta(minutes=30),
    state=State.CONFIRMED,
    version=1,
)
ENTRY = f"""\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//slotwatch//booking core//EN
METHOD:PUBLISH
BEGIN:VEVENT
UID:{FACTS.lineage}@salon.example
SEQUENCE:1
DTSTAMP:20261201T080000Z
DTSTART:20261202T090000Z
DTEND:20261202T093000Z
SUMMARY:Haircut with Anna
LOCATION:Salon Test
ORGANIZER;CN="Salon Test":mailto:post@salon.example
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""


def written(facts: Confirmation = FACTS, method: str = "PUBLISH") -> str:
    return calendar_entry(facts, method=method, organiser="post@salon.example", stamp=NOW).text


def test_an_appointment_is_one_event_in_utc():
    assert written() == ENTRY.replace("\n", "\r\n")


def test_a_cancellation_is_of_the_same_event_and_newer():
    lines = written(replace(FACTS, version=3), "CANCEL").split("\r\n")

    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:3", f"UID:{FACTS.lineage}@salon.example"} <= {*lines}


def test_what_would_end_a_value_is_escaped_or_quoted():
    lines = written(replace(FACTS, tenant_name='Cut; Go, "Anna" \\ Ben', service_name="a,b;c\\d")).split("\r\n")

    assert 'LOCATION:Cut\\; Go\\, "Anna" \\\\ Ben' in lines
    assert "SUMMARY:a\\,b\\;c\\\\d with Anna" in lines
    assert "ORGANIZER;CN=\"Cut; Go, 'Anna' \\ Ben\":mailto:post@salon.example" in lines


@given(st.text(), st.text())
def test_no_name_breaks_out_of_its_line_and_no_line_is_too_long(salon, service):
    text = written(replace(FACTS, tenant_name=on_one_line(salon), service_name=on_one_line(service)))

    assert text.endswith("\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    unfolded = text.replace("\r\n ", "").split("\r\n")
    assert [line.partition(":")[0].partition(";")[0] for line in unfolded] == [
        line.partition(":")[0].partition(";")[0] for line in ENTRY.split("\n")
    ]
    (summary,) = [line for line in unfolded if line.startswith("SUMMARY:")]
    plain = summary.removeprefix("SUMMARY:").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
    assert plain == f"{on_one_line(service)} with Anna"
