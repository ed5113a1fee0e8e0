"""GET /v2/slots against the contract."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loadtests.calcom_simulator.desk import (
    ANNA_BEARD,
    ANNA_COLOUR,
    BEN_HAIRCUT,
    PROBE,
    SLOTS,
    WRONG_KEY,
    Desk,
    slot_query,
)


async def test_a_working_day_offers_every_half_hour_from_nine_to_six(desk: Desk):
    days = await desk.slots(timeZone="Europe/Berlin")

    assert list(days) == ["2026-11-24"]
    starts = [slot["start"] for slot in days["2026-11-24"]]
    assert (starts[0], starts[1]) == ("2026-11-24T09:00:00.000+01:00", "2026-11-24T09:30:00.000+01:00")
    assert (starts[-1], len(starts)) == ("2026-11-24T17:30:00.000+01:00", 18)


async def test_without_a_time_zone_starts_are_utc_with_milliseconds(desk: Desk):
    days = await desk.slots()

    assert days["2026-11-24"][0] == {"start": "2026-11-24T08:00:00.000Z"}


async def test_the_range_format_adds_the_end(desk: Desk):
    days = await desk.slots(format="range")

    assert days["2026-11-24"][0] == {"start": "2026-11-24T08:00:00.000Z", "end": "2026-11-24T08:30:00.000Z"}


@pytest.mark.parametrize(("event_type", "count"), [(ANNA_COLOUR, 16), (ANNA_BEARD, 36), (PROBE, 288)])
async def test_the_step_is_the_length_but_half_an_hour_for_ninety_minutes(desk: Desk, event_type: int, count: int):
    days = await desk.slots(event_type)

    assert sum(len(slots) for slots in days.values()) == count


async def test_a_closed_day_has_no_slots_and_no_key(desk: Desk):
    assert await desk.slots(start="2026-11-29", end="2026-11-29") == {}


async def test_only_future_slots_are_offered_and_notice_is_an_hour_for_the_salon(desk: Desk):
    days = await desk.slots(start="2026-11-23", end="2026-11-23")

    assert days["2026-11-23"][0]["start"] == "2026-11-23T09:00:00.000Z"


async def test_the_probe_chair_needs_no_notice(desk: Desk):
    days = await desk.slots(PROBE, start="2026-11-23", end="2026-11-23")

    assert days["2026-11-23"][0]["start"] == "2026-11-23T08:00:00.000Z"


async def test_nothing_is_offered_beyond_a_year(desk: Desk):
    days = await desk.slots(PROBE, start="2027-11-20", end="2027-12-20")

    assert max(days) == "2027-11-23"


async def test_a_booking_takes_the_slots_of_every_service_of_its_host(desk: Desk):
    await desk.booked(start="2026-11-24T09:00:00Z")

    beards = [slot["start"][11:16] for slot in (await desk.slots(ANNA_BEARD))["2026-11-24"]]
    colours = [slot["start"][11:16] for slot in (await desk.slots(ANNA_COLOUR))["2026-11-24"]]
    assert "08:45" in beards
    assert "09:00" not in beards
    assert "09:15" not in beards
    assert "09:30" in beards
    assert colours[0] == "09:30"


async def test_a_booking_leaves_the_other_host_alone(desk: Desk):
    before = await desk.slots(BEN_HAIRCUT)

    await desk.booked()

    assert await desk.slots(BEN_HAIRCUT) == before


async def test_a_booking_to_be_rescheduled_does_not_block_its_own_slot(desk: Desk):
    everything = await desk.slots()
    booking = await desk.booked()

    assert await desk.slots(bookingUidToReschedule=booking["uid"]) == everything


async def test_keys_are_dates_in_the_asked_time_zone(desk: Desk):
    days = await desk.slots(PROBE, start="2026-11-24", end="2026-11-24", timeZone="Asia/Tokyo")

    assert list(days) == ["2026-11-24", "2026-11-25"]


async def test_an_end_at_midnight_means_the_end_of_that_day(desk: Desk):
    whole_day = await desk.slots()

    assert await desk.slots(end="2026-11-24T00:00:00Z") == whole_day


async def test_a_range_between_two_instants_is_kept_to_the_minute(desk: Desk):
    days = await desk.slots(start="2026-11-24T09:00:00Z", end="2026-11-24T10:00:00Z")

    assert [slot["start"][11:16] for slot in days["2026-11-24"]] == ["09:00", "09:30", "10:00"]


async def test_local_opening_hours_hold_across_the_end_of_summer_time(desk: Desk):
    before = await desk.slots(start="2027-03-27", end="2027-03-27", timeZone="Europe/Berlin")
    after = await desk.slots(start="2027-03-29", end="2027-03-29", timeZone="Europe/Berlin")

    assert before["2027-03-27"][0]["start"] == "2027-03-27T09:00:00.000+01:00"
    assert after["2027-03-29"][0]["start"] == "2027-03-29T09:00:00.000+02:00"


async def test_slug_and_username_name_an_event_type_too(desk: Desk):
    query = {"eventTypeSlug": "haircut", "username": "anna", "start": "2026-11-24", "end": "2026-11-24"}

    answer = await desk.http.get("/v2/slots", params=query, headers=SLOTS)

    assert answer.json()["data"] == await desk.slots()


async def test_slots_need_no_key_but_the_throttle_refuses_one_that_nobody_has(desk: Desk):
    without = await desk.http.get("/v2/slots", params=slot_query(), headers=SLOTS)
    wrong = await desk.http.get("/v2/slots", params=slot_query(), headers=SLOTS | WRONG_KEY)

    assert (without.status_code, wrong.status_code) == (200, 401)


@pytest.mark.parametrize(
    ("change", "status", "fragment"),
    [
        ({"eventTypeId": 4711}, 404, "not found"),
        ({"eventTypeId": "9" * 5000}, 400, "eventTypeId"),
        ({"eventTypeId": "haircut"}, 400, "eventTypeId"),
        ({"start": "2026-11-25"}, 400, "Invalid time range"),
        ({"start": "soon"}, 400, "start must be"),
        ({"end": "9999-12-31"}, 400, "end must be"),
        ({"timeZone": "Berlin"}, 400, "timeZone"),
        ({"format": "list"}, 400, "format"),
    ],
)
async def test_a_wrong_question_is_refused(desk: Desk, change: dict[str, Any], status: int, fragment: str):
    answer = await desk.http.get("/v2/slots", params=slot_query(**change), headers=SLOTS)

    assert answer.status_code == status
    assert fragment in answer.text


async def test_a_missing_end_is_refused(desk: Desk):
    answer = await desk.http.get("/v2/slots", params={"eventTypeId": PROBE, "start": "2026-11-24"}, headers=SLOTS)

    assert answer.status_code == 400
    assert "end must be" in answer.text
