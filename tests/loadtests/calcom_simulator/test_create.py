"""POST /v2/bookings against the contract."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loadtests.calcom_simulator.desk import (
    ANNA_COLOUR,
    BEN_HAIRCUT,
    BOOKINGS,
    OWNER,
    PROBE,
    WRONG_KEY,
    Desk,
    booking_body,
)

EVA = {"name": "Eva", "timeZone": "Europe/Berlin", "email": "eva@example.com"}


async def test_a_free_slot_is_booked_and_answered_with_the_whole_booking(desk: Desk):
    answer = await desk.create(metadata={"bc_key": "k1", "bc_attempt": 1})

    assert answer.status_code == 201
    body = answer.json()
    uid = body["data"]["uid"]
    assert len(uid) == 22
    assert isinstance(body["data"].pop("id"), int)
    assert body == {
        "status": "success",
        "data": {
            "uid": uid,
            "title": "Haircut between Anna and Eva",
            "description": "",
            "hosts": [
                {
                    "id": 11,
                    "name": "Anna",
                    "email": "anna@example.com",
                    "displayEmail": "anna@example.com",
                    "username": "anna",
                    "timeZone": "Europe/Berlin",
                }
            ],
            "status": "accepted",
            "start": "2026-11-24T09:00:00.000Z",
            "end": "2026-11-24T09:30:00.000Z",
            "duration": 30,
            "eventTypeId": 1001,
            "eventType": {"id": 1001, "slug": "haircut"},
            "location": "Musterstrasse 1, 10115 Berlin",
            "absentHost": False,
            "createdAt": "2026-11-23T08:00:00.000Z",
            "updatedAt": None,
            "metadata": {"bc_key": "k1", "bc_attempt": 1},
            "icsUid": f"{uid}@cal.com",
            "attendees": [
                {
                    "name": "Eva",
                    "email": "eva@example.com",
                    "displayEmail": "eva@example.com",
                    "timeZone": "Europe/Berlin",
                    "absent": False,
                }
            ],
            "guests": [],
            "bookingFieldsResponses": {"name": "Eva", "email": "eva@example.com", "guests": []},
        },
    }


async def test_a_caller_with_only_a_phone_number_gets_a_made_up_address(desk: Desk):
    attendee = {"name": "Eva", "timeZone": "Europe/Berlin", "phoneNumber": "+4917139200123"}

    booking = await desk.booked(attendee=attendee)

    assert booking["attendees"][0]["phoneNumber"] == "+4917139200123"
    assert "@" in booking["attendees"][0]["email"]


async def test_an_event_type_may_be_named_by_slug_and_username(desk: Desk):
    booking = await desk.booked(eventTypeId=None, eventTypeSlug="haircut", username="ben")

    assert booking["eventTypeId"] == BEN_HAIRCUT


async def test_a_start_with_an_offset_is_turned_into_utc(desk: Desk):
    booking = await desk.booked(start="2026-11-24T10:00:00+01:00")

    assert booking["start"] == "2026-11-24T09:00:00.000Z"


async def test_no_key_is_needed_but_a_wrong_one_is_refused_and_books_nothing(desk: Desk):
    refused = await desk.http.post("/v2/bookings", json=booking_body(), headers=BOOKINGS | WRONG_KEY)
    accepted = await desk.http.post("/v2/bookings", json=booking_body(), headers=BOOKINGS)

    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "UnauthorizedException")
    assert accepted.status_code == 201


async def test_a_taken_slot_is_refused_with_the_fragment_clients_look_for(desk: Desk):
    await desk.booked()

    answer = await desk.create()

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadRequestException"
    assert "already has booking at this time" in answer.json()["error"]["message"]


async def test_any_overlap_at_the_same_host_is_refused_whatever_the_service(desk: Desk):
    await desk.booked(start="2026-11-24T09:00:00Z")

    overlapping = await desk.create(eventTypeId=ANNA_COLOUR, start="2026-11-24T08:00:00Z")
    touching = await desk.create(eventTypeId=ANNA_COLOUR, start="2026-11-24T09:30:00Z")
    other_host = await desk.create(eventTypeId=BEN_HAIRCUT)

    assert [answer.status_code for answer in (overlapping, touching, other_host)] == [400, 201, 201]


async def test_a_repeated_post_is_refused_like_a_strangers(desk: Desk):
    await desk.booked(metadata={"bc_key": "same"})

    answer = await desk.create(metadata={"bc_key": "same"})

    assert "already has booking at this time" in answer.text


async def test_a_time_outside_opening_hours_is_not_available(desk: Desk):
    answer = await desk.create(start="2026-11-24T20:00:00Z")

    assert answer.status_code == 400
    assert "not available" in answer.json()["error"]["message"]


async def test_a_past_start_is_refused(desk: Desk):
    answer = await desk.create(start="2026-11-20T09:00:00Z")

    assert answer.status_code == 400
    assert "meeting in the past" in answer.json()["error"]["message"]


@pytest.mark.parametrize("start", ["2026-11-23T08:30:00Z", "2028-01-10T09:00:00Z"])
async def test_too_soon_and_too_far_ahead_are_out_of_bounds(desk: Desk, start: str):
    answer = await desk.create(start=start)

    assert answer.status_code == 400
    assert 'can\'t be booked at the "start" time' in answer.json()["error"]["message"]


async def test_the_probe_may_book_this_very_minute(desk: Desk):
    assert (await desk.create(eventTypeId=PROBE, start="2026-11-23T08:00:00Z")).status_code == 201


@pytest.mark.parametrize("named", [{"eventTypeId": 4711}, {"eventTypeSlug": "massage", "username": "anna"}])
async def test_an_unknown_event_type_is_not_found(desk: Desk, named: dict[str, Any]):
    answer = await desk.create(**({"eventTypeId": None} | named))

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFoundException")
    assert "not found" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"start": None}, "start must be"),
        ({"start": "tomorrow"}, "start must be"),
        ({"start": 5}, "start must be"),
        ({"start": "9999-12-31T23:59:00Z"}, "start must be"),
        ({"eventTypeId": "1001"}, "eventTypeId must be an integer"),
        ({"eventTypeId": None}, "Either eventTypeId or"),
        ({"attendee": None}, "attendee should be"),
        ({"attendee": EVA | {"name": " "}}, "attendee.name"),
        ({"attendee": EVA | {"timeZone": "Berlin"}}, "attendee.timeZone"),
        ({"attendee": EVA | {"email": "eva"}}, "attendee.email"),
        ({"attendee": EVA | {"phoneNumber": "0171 39200123"}}, "attendee.phoneNumber"),
        ({"attendee": EVA | {"phoneNumber": "+49123"}}, "attendee.phoneNumber"),
        ({"attendee": EVA | {"language": 5}}, "attendee.language"),
        (
            {"attendee": {"name": "Eva", "timeZone": "Europe/Berlin"}, "email": "eva@example.com"},
            "attendee.email or attendee.phoneNumber must be provided",
        ),
        ({"lengthInMinutes": 0}, "lengthInMinutes"),
        ({"guests": ["nobody"]}, "guests"),
        ({"bookingFieldsResponses": []}, "bookingFieldsResponses"),
        ({"location": "here"}, "location"),
        ({"metadata": []}, "metadata must be an object"),
        ({"metadata": {f"key{number}": "" for number in range(51)}}, "at most 50 keys"),
        ({"metadata": {"k" * 41: ""}}, "at most 40 characters"),
        ({"metadata": {"note": "x" * 501}}, "at most 500 characters"),
        ({"metadata": {"nested": {}}}, "must be a string, a number or a boolean"),
    ],
)
async def test_a_wrong_field_is_refused_by_name_and_books_nothing(desk: Desk, change: dict[str, Any], sentence: str):
    answer = await desk.create(**change)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadRequestException"
    assert any(sentence in each for each in answer.json()["error"]["details"]["message"])
    assert (await desk.http.get("/control/bookings")).json() == {"bookings": []}


async def test_metadata_at_its_limits_passes(desk: Desk):
    metadata = {f"{number:040}": "x" * 500 for number in range(50)}

    assert (await desk.booked(metadata=metadata))["metadata"] == metadata


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"lengthInMinutes": 30}, "several lengths"),
        ({"recurrenceCount": 3}, "recurring"),
        ({"instant": True}, "team"),
        ({"location": {"type": "attendeePhone", "phone": "+4917139200123"}}, "does not offer location"),
    ],
)
async def test_what_only_other_kinds_of_event_types_take_is_refused(desk: Desk, change: dict[str, Any], fragment: str):
    answer = await desk.create(**change)

    assert answer.status_code == 400
    assert fragment in answer.json()["error"]["message"]


@pytest.mark.parametrize("raw", ["{", "[]", '{"metadata": {"a": NaN}}', "\xff"])
async def test_a_body_that_is_no_json_object_is_refused(desk: Desk, raw: str):
    answer = await desk.http.post("/v2/bookings", content=raw.encode("latin-1"), headers=BOOKINGS | OWNER)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequestException")


async def test_unknown_fields_are_ignored(desk: Desk):
    assert (await desk.create(colour="red")).status_code == 201
