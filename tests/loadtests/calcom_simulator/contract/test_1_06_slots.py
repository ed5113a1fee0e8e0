"""Research part 1.6: the parameters and traps of GET /v2/slots, one test per statement."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loadtests.calcom_simulator.desk import (
    ANNA_COLOUR,
    ANNA_HAIRCUT,
    ANY_CHAIR,
    BEN_HAIRCUT,
    COURSE,
    MASSAGE,
    MAX,
    SLOTS,
    TEN,
    Desk,
)

DAY = {"start": "2026-11-24", "end": "2026-11-24"}


async def _ask(desk: Desk, **query: Any) -> dict[str, list[dict[str, Any]]]:
    answer = await desk.http.get("/v2/slots", params=DAY | query, headers=SLOTS)
    assert answer.status_code == 200, answer.text
    days: dict[str, list[dict[str, Any]]] = answer.json()["data"]
    return days


async def test_a_bare_date_means_the_whole_utc_day(desk: Desk):
    whole = await _ask(desk, eventTypeId=1007)

    assert whole == await _ask(desk, eventTypeId=1007, start="2026-11-24T00:00:00Z", end="2026-11-24T23:59:59Z")


@pytest.mark.parametrize(
    ("named", "event_type"),
    [
        ({"eventTypeSlug": "colour", "username": "anna"}, ANNA_COLOUR),
        ({"eventTypeSlug": "any-chair", "teamSlug": "studio"}, ANY_CHAIR),
        ({"eventTypeSlug": "any-chair", "teamSlug": "studio", "organizationSlug": "salon"}, ANY_CHAIR),
    ],
)
async def test_event_type_id_or_slug_forms(desk: Desk, named: dict[str, str], event_type: int):
    assert await _ask(desk, **named) == await _ask(desk, eventTypeId=event_type)


async def test_usernames_are_free_when_all_of_them_are(desk: Desk):
    await desk.booked(start="2026-11-24T09:00:00Z")
    await desk.booked(eventTypeId=BEN_HAIRCUT, start="2026-11-24T10:00:00Z")

    starts = [slot["start"][11:16] for slot in (await _ask(desk, usernames="anna,ben"))["2026-11-24"]]

    assert starts[:4] == ["08:00", "08:30", "09:30", "10:30"]
    unknown = await desk.http.get("/v2/slots", params=DAY | {"usernames": "anna,nobody"}, headers=SLOTS)
    assert unknown.status_code == 404


async def test_time_zone_decides_the_offset_and_the_keys(desk: Desk):
    days = await _ask(desk, eventTypeId=ANNA_HAIRCUT, timeZone="Asia/Tokyo")

    assert days["2026-11-24"][0]["start"] == "2026-11-24T17:00:00.000+09:00"
    assert days["2026-11-25"][0]["start"] == "2026-11-25T00:00:00.000+09:00"


async def test_duration_changes_the_length_of_the_slots(desk: Desk):
    hour = await _ask(desk, eventTypeId=MASSAGE, format="range")
    long = await _ask(desk, eventTypeId=MASSAGE, duration=90, format="range")

    assert hour["2026-11-24"][0]["end"] == "2026-11-24T09:00:00.000Z"
    assert long["2026-11-24"][0]["end"] == "2026-11-24T09:30:00.000Z"
    assert len(long["2026-11-24"]) == len(hour["2026-11-24"]) - 1


async def test_format_range_adds_the_end(desk: Desk):
    assert (await _ask(desk, eventTypeId=ANNA_HAIRCUT))["2026-11-24"][0].keys() == {"start"}
    assert (await _ask(desk, eventTypeId=ANNA_HAIRCUT, format="range"))["2026-11-24"][0].keys() == {"start", "end"}


async def test_booking_uid_to_reschedule_frees_its_own_slot(desk: Desk):
    booking = await desk.booked()

    free = [slot["start"] for slot in (await desk.slots(bookingUidToReschedule=booking["uid"]))["2026-11-24"]]

    assert booking["start"] in free


async def test_no_slots_is_an_empty_object(desk: Desk):
    assert await _ask(desk, eventTypeId=ANNA_HAIRCUT, start="2026-11-29", end="2026-11-29") == {}


async def test_seated_slots_tell_how_many_sit_there_and_in_which_booking(desk: Desk):
    booking = await desk.booked(eventTypeId=COURSE)
    await desk.booked(eventTypeId=COURSE, attendee=MAX)

    slots = {slot["start"]: slot for slot in (await _ask(desk, eventTypeId=COURSE))["2026-11-24"]}

    joined = {"start": "2026-11-24T09:00:00.000Z", "attendeesCount": 2, "bookingUid": booking["uid"]}
    assert slots["2026-11-24T09:00:00.000Z"] == joined
    assert slots["2026-11-24T10:00:00.000Z"] == {"start": "2026-11-24T10:00:00.000Z", "attendeesCount": 0}
    assert "2026-11-24T09:30:00.000Z" not in slots


async def test_a_full_class_is_not_offered(desk: Desk):
    for name in ("Eva", "Max", "Ida"):
        attendee = {"name": name, "timeZone": "Europe/Berlin", "email": f"{name.lower()}@example.com"}
        await desk.booked(eventTypeId=COURSE, attendee=attendee)

    starts = [slot["start"] for slot in (await _ask(desk, eventTypeId=COURSE))["2026-11-24"]]

    assert "2026-11-24T09:00:00.000Z" not in starts


async def test_an_end_at_midnight_is_widened_to_the_end_of_that_day(desk: Desk):
    narrow = await _ask(desk, eventTypeId=1007, end="2026-11-25T00:00:00Z")

    assert len(narrow["2026-11-25"]) == 288


async def test_slots_outside_the_asked_range_as_seen_in_the_wild(desk: Desk):
    await desk.order_fault("slots_out_of_range")

    days = await _ask(desk, eventTypeId=ANNA_HAIRCUT)

    assert list(days) == ["2026-11-23", "2026-11-24", "2026-11-25"]


async def test_a_listed_slot_then_refused_as_seen_in_the_wild(desk: Desk):
    await desk.order_fault("slot_refused")

    listed = [slot["start"] for slot in (await desk.slots())["2026-11-24"]]
    answer = await desk.create(start=TEN)

    assert "2026-11-24T09:00:00.000Z" in listed
    assert (answer.status_code, "already has booking at this time" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"eventTypeId": 4711}, 404),
        ({"eventTypeId": ANNA_HAIRCUT, "start": "2026-11-25"}, 400),
        ({"eventTypeId": ANNA_HAIRCUT, "duration": "long"}, 400),
    ],
)
async def test_404_for_an_unknown_event_type_and_400_for_a_bad_range(desk: Desk, query: dict[str, Any], status: int):
    answer = await desk.http.get("/v2/slots", params=DAY | query, headers=SLOTS)

    assert answer.status_code == status


async def test_a_round_robin_slot_is_free_while_any_host_is(desk: Desk):
    everything = await _ask(desk, eventTypeId=ANY_CHAIR)
    await desk.booked(eventTypeId=ANY_CHAIR)
    one_left = await _ask(desk, eventTypeId=ANY_CHAIR)
    await desk.booked(eventTypeId=ANY_CHAIR, attendee=MAX)

    assert one_left == everything
    starts = [slot["start"] for slot in (await _ask(desk, eventTypeId=ANY_CHAIR))["2026-11-24"]]
    assert "2026-11-24T09:00:00.000Z" not in starts
