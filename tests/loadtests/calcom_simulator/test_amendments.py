"""Small changes to a booking: what each refuses, so that a wrong client hears of it here first."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loadtests.calcom_simulator.desk import ANYWHERE, OWNER, PROBE, Desk


@pytest.mark.parametrize(
    ("method", "call", "body", "fragment"),
    [
        ("PATCH", "location", {}, "location must be an object"),
        ("PATCH", "location", {"location": {"type": "organizersDefaultApp"}}, "does not offer"),
        ("PATCH", "location", {"location": {"type": "attendeePhone"}}, "location.phone must be a string"),
        ("POST", "guests", {"guests": []}, "1 to 10 guests"),
        ("POST", "guests", {"guests": [{"name": "Max"}]}, "each guest must have an email"),
        ("POST", "attendees", {"name": "Max", "timeZone": "Berlin"}, "timeZone must be"),
        ("POST", "attendees", {"name": "Max", "timeZone": "UTC", "phoneNumber": "+4917139200123"}, "email must be"),
        ("POST", "attendees", [], "must be a JSON object"),
        ("POST", "mark-absent", {"host": "yes"}, "host must be true or false"),
        ("POST", "mark-absent", {"attendees": "all"}, "attendees must be a list"),
        ("POST", "mark-absent", {"attendees": [{"email": "eva@example.com"}]}, "email and absent"),
        ("POST", "cancel", {"cancelSubsequentBookings": "yes"}, "cancelSubsequentBookings must be"),
        ("POST", "cancel", {"seatUid": 5}, "seatUid must be a string"),
        ("POST", "reschedule", {"start": "soon"}, "start must be"),
        ("POST", "decline", {"reason": 5}, "reason must be a string"),
    ],
)
async def test_a_wrong_change_is_refused_by_field_and_changes_nothing(
    desk: Desk, method: str, call: str, body: Any, fragment: str
):
    booking = await desk.booked(eventTypeId=ANYWHERE)
    desk.clock.advance(2 * 86_400)

    answer = await desk.ask(method, f"/v2/bookings/{booking['uid']}/{call}", body)

    assert (answer.status_code, fragment in answer.text) == (400, True), answer.text
    assert await desk.held() == [booking]


@pytest.mark.parametrize(("method", "call"), [("PATCH", "location"), ("POST", "guests"), ("POST", "attendees")])
async def test_a_cancelled_booking_changes_no_more(desk: Desk, method: str, call: str):
    uid = (await desk.booked())["uid"]
    await desk.cancel(uid)

    answer = await desk.ask(method, f"/v2/bookings/{uid}/{call}", {})

    assert (answer.status_code, "can't be changed any more" in answer.text) == (400, True)


async def test_who_was_marked_absent_can_be_marked_present_again(desk: Desk):
    uid = (await desk.booked(eventTypeId=PROBE, start="2026-11-23T08:05:00Z"))["uid"]
    desk.clock.advance(600)
    attendee = {"email": "eva@example.com", "absent": True}

    await desk.post(f"/v2/bookings/{uid}/mark-absent", {"host": True, "attendees": [attendee]})
    answer = await desk.post(f"/v2/bookings/{uid}/mark-absent", {"attendees": [attendee | {"absent": False}]})

    booking = answer.json()["data"]
    assert (booking["absentHost"], booking["attendees"][0]["absent"]) == (True, False)


@pytest.mark.parametrize("path", ["/v2/event-types/4711/webhooks", "/v2/event-types/4711", "/v2/webhooks/4711"])
async def test_what_an_account_does_not_have_is_not_found(desk: Desk, path: str):
    assert (await desk.http.get(path, headers=OWNER)).status_code == 404
