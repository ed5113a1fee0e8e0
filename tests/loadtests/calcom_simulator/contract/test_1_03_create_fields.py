"""Research part 1.3: the fields of POST /v2/bookings, one test per row."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loadtests.calcom_simulator.desk import (
    ANNA_COLOUR,
    ANNA_HAIRCUT,
    ANY_CHAIR,
    ANYWHERE,
    EVA,
    FORMER_BOOKINGS,
    MASSAGE,
    PHYSIO,
    STRANGER,
    SURVEY,
    TEN,
    VERIFIED,
    Desk,
    booking_body,
)

PHONE = "+4917139200123"


def _message(answer: Any) -> str:
    error = answer.json()["error"]
    return str(error["details"]["message"])


async def test_start_is_utc_and_the_end_follows_from_the_length(desk: Desk):
    booking = await desk.booked(start=TEN)

    assert (booking["start"], booking["end"]) == ("2026-11-24T09:00:00.000Z", "2026-11-24T09:30:00.000Z")


@pytest.mark.parametrize(
    ("named", "event_type"),
    [
        ({"eventTypeId": ANNA_COLOUR}, ANNA_COLOUR),
        ({"eventTypeSlug": "haircut", "username": "anna"}, ANNA_HAIRCUT),
        ({"eventTypeSlug": "haircut", "username": "anna", "organizationSlug": "salon"}, ANNA_HAIRCUT),
        ({"eventTypeSlug": "any-chair", "teamSlug": "studio"}, ANY_CHAIR),
    ],
)
async def test_event_type_id_or_slug_with_username_or_team(desk: Desk, named: dict[str, Any], event_type: int):
    booking = await desk.booked(**({"eventTypeId": None} | named))

    assert booking["eventTypeId"] == event_type


@pytest.mark.parametrize("contact", [{"email": "eva@example.com"}, {"phoneNumber": PHONE}])
async def test_attendee_needs_name_zone_and_email_or_phone(desk: Desk, contact: dict[str, str]):
    attendee = {"name": "Eva", "timeZone": "Europe/Berlin", "language": "de"}

    nothing = await desk.create(attendee=attendee)
    booking = await desk.booked(attendee=attendee | contact)

    assert "email or attendee.phoneNumber" in _message(nothing)
    assert booking["attendees"][0].items() >= ({"name": "Eva", "language": "de"} | contact).items()


async def test_attendee_contact_in_the_wrong_place_does_not_count(desk: Desk):
    answer = await desk.create(attendee={"name": "Eva", "timeZone": "Europe/Berlin"}, phoneNumber=PHONE)

    assert answer.status_code == 400


async def test_length_in_minutes_only_where_there_are_several_and_one_of_them(desk: Desk):
    long = await desk.booked(eventTypeId=MASSAGE, lengthInMinutes=90)
    not_offered = await desk.create(eventTypeId=MASSAGE, lengthInMinutes=45, start="2026-11-24T13:00:00Z")
    only_one = await desk.create(lengthInMinutes=30)

    assert (long["duration"], long["end"]) == (90, "2026-11-24T10:30:00.000Z")
    assert "30, 60, 90" in _message(not_offered)
    assert "several lengths" in _message(only_one)


async def test_guests_are_addresses(desk: Desk):
    booking = await desk.booked(guests=["max@example.com"])

    assert booking["guests"] == ["max@example.com"]


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ({"type": "address"}, "Musterstrasse 1, 10115 Berlin"),
        ({"type": "attendeePhone", "phone": PHONE}, PHONE),
        ({"type": "attendeeAddress", "address": "Seestr. 3"}, "Seestr. 3"),
        ({"type": "attendeeDefined", "location": "the park"}, "the park"),
        ({"type": "integration", "integration": "cal-video"}, "https://meet.example.com/salon"),
        ({"type": "link"}, "https://meet.example.com/salon"),
        ({"type": "phone"}, "+4930123456"),
    ],
)
async def test_location_is_an_object_that_the_event_type_offers(desk: Desk, location: dict[str, str], shown: str):
    booking = await desk.booked(eventTypeId=ANYWHERE, location=location)
    not_offered = await desk.create(eventTypeId=ANYWHERE, location={"type": "organizersDefaultApp"})
    no_object = await desk.create(eventTypeId=ANYWHERE, location=shown)

    assert booking["location"] == shown
    assert (not_offered.status_code, no_object.status_code) == (400, 400)


async def test_meeting_url_is_deprecated_and_still_works(desk: Desk):
    booking = await desk.booked(meetingUrl="https://meet.example.com/eva")

    assert booking["meetingUrl"] == booking["location"] == "https://meet.example.com/eva"


@pytest.mark.parametrize(
    ("metadata", "is_accepted"),
    [
        ({f"{number:040}": "x" * 500 for number in range(50)}, True),
        ({"attempt": 1, "synthetic": True}, True),
        ({f"key{number}": "" for number in range(51)}, False),
        ({"k" * 41: ""}, False),
        ({"note": "x" * 501}, False),
    ],
)
async def test_metadata_has_at_most_50_keys_of_40_characters_and_values_of_500(
    desk: Desk, metadata: dict[str, Any], is_accepted: bool
):
    assert (await desk.create(metadata=metadata)).status_code == (201 if is_accepted else 400)


@pytest.mark.parametrize(
    ("responses", "fragment"),
    [
        ({}, "hair-length"),
        ({"hair-length": "curly"}, "short, long"),
        ({"hair-length": "short", "allergies": 5}, "allergies"),
        ({"hair-length": "short", "visits": "five"}, "visits"),
        ({"hair-length": "short", "consent": "yes"}, "consent"),
        ({"hair-length": "short", "styles": "bob"}, "styles"),
        ({"hair-length": "short", "styles": ["mohawk"]}, "styles"),
    ],
)
async def test_booking_fields_responses_are_enforced_by_presence_type_and_option(
    desk: Desk, responses: dict[str, Any], fragment: str
):
    attendee = EVA | {"phoneNumber": PHONE}
    fitting = {"hair-length": "long", "visits": 2, "consent": True, "styles": ["bob"]}

    answer = await desk.create(eventTypeId=SURVEY, attendee=attendee, bookingFieldsResponses=responses)
    booking = await desk.booked(eventTypeId=SURVEY, attendee=attendee, bookingFieldsResponses=fitting)

    assert answer.status_code == 400
    assert fragment in _message(answer)
    assert booking["bookingFieldsResponses"].items() >= fitting.items()


async def test_a_required_attendee_phone_number_is_met_by_the_attendees_own(desk: Desk):
    responses = {"hair-length": "long"}

    without = await desk.create(eventTypeId=SURVEY, bookingFieldsResponses=responses)
    attendee = EVA | {"phoneNumber": PHONE}
    booking = await desk.booked(eventTypeId=SURVEY, bookingFieldsResponses=responses, attendee=attendee)

    assert "phone number" in _message(without)
    assert booking["bookingFieldsResponses"]["attendeePhoneNumber"] == PHONE


async def test_routing_chooses_among_the_hosts(desk: Desk):
    booking = await desk.booked(eventTypeId=ANY_CHAIR, routing={"responseId": 1, "teamMemberIds": [33]})
    wrong = await desk.create(eventTypeId=ANY_CHAIR, routing={"teamMemberIds": [33]})

    assert [host["username"] for host in booking["hosts"]] == ["hal"]
    assert wrong.status_code == 400


async def test_email_verification_code_where_the_event_type_asks_for_it(desk: Desk):
    without = await desk.create(eventTypeId=VERIFIED)
    wrong = await desk.create(eventTypeId=VERIFIED, emailVerificationCode="654321")
    right = await desk.create(eventTypeId=VERIFIED, emailVerificationCode="123456")

    assert [answer.status_code for answer in (without, wrong, right)] == [400, 400, 201]


async def test_recurrence_count_up_to_that_of_the_event_type(desk: Desk):
    two = await desk.booked(eventTypeId=PHYSIO, recurrenceCount=2)
    five = await desk.create(eventTypeId=PHYSIO, recurrenceCount=5, start="2026-11-24T13:00:00Z")

    assert [row["start"] for row in two] == ["2026-11-24T09:00:00.000Z", "2026-12-01T09:00:00.000Z"]
    assert "recurrence count" in _message(five)


async def test_a_series_keeps_the_attendees_hour_when_summer_time_begins(desk: Desk):
    series = await desk.booked(eventTypeId=PHYSIO, start="2027-03-23T09:00:00Z")

    assert [row["start"][11:16] for row in series] == ["09:00", "08:00", "08:00", "08:00"]


@pytest.mark.parametrize(("event_type", "fragment"), [(ANNA_HAIRCUT, "team"), (ANY_CHAIR, "does not offer")])
async def test_instant_is_for_teams_that_offer_it(desk: Desk, event_type: int, fragment: str):
    answer = await desk.create(eventTypeId=event_type, instant=True)

    assert answer.status_code == 400
    assert fragment in _message(answer)


async def test_reserved_slot_uid_books_the_slot_that_one_holds_and_uses_the_hold_up(desk: Desk):
    held = (await desk.reserve()).json()["data"]["reservationUid"]

    without = await desk.create()
    with_it = await desk.create(reservedSlotUid=held)

    assert (without.status_code, with_it.status_code) == (400, 201)
    assert (await desk.http.get(f"/v2/slots/reservations/{held}")).json()["data"] is None


async def test_allow_conflicts_is_honoured_for_the_host_in_the_newest_version_only(desk: Desk):
    await desk.booked(eventTypeId=ANNA_COLOUR)
    body = booking_body(allowConflicts=True)

    former = await desk.post("/v2/bookings", body, {"authorization": "Bearer cal_demo"} | FORMER_BOOKINGS)
    stranger = await desk.post("/v2/bookings", body, STRANGER)
    host = await desk.post("/v2/bookings", body)

    assert [answer.status_code for answer in (former, stranger, host)] == [400, 400, 201]


async def test_allow_booking_out_of_bounds_is_honoured_for_the_host_only(desk: Desk):
    body = booking_body(start="2026-11-23T08:30:00Z", allowBookingOutOfBounds=True)

    attendee = await desk.post("/v2/bookings", body, {})
    host = await desk.post("/v2/bookings", body)

    assert [answer.status_code for answer in (attendee, host)] == [400, 201]
