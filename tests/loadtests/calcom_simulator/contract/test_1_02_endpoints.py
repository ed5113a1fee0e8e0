"""Research part 1.2: the endpoints and their success codes, one test per row."""

from __future__ import annotations

import pytest

from tests.loadtests.calcom_simulator.desk import (
    ANNA_HAIRCUT,
    BOOKINGS,
    CONSULTATION,
    COURSE,
    ELEVEN,
    EVENT_TYPES,
    OWNER,
    PHYSIO,
    PROBE,
    SLOTS,
    STRANGER,
    Desk,
    slot_query,
)


async def test_post_bookings_is_201(desk: Desk):
    assert (await desk.create()).status_code == 201


async def test_get_booking_is_200_with_an_object_and_with_an_array_for_a_recurring_uid(desk: Desk):
    ordinary = await desk.booked()
    series = await desk.booked(eventTypeId=PHYSIO)

    assert (await desk.got(f"/v2/bookings/{ordinary['uid']}"))["uid"] == ordinary["uid"]
    assert (await desk.got(f"/v2/bookings/{series[1]['uid']}"))["uid"] == series[1]["uid"]
    assert await desk.got(f"/v2/bookings/{series[0]['recurringBookingUid']}") == series


async def test_get_bookings_is_200_with_pagination(desk: Desk):
    await desk.booked()

    answer = await desk.ask("GET", "/v2/bookings")

    assert answer.status_code == 200
    assert answer.json().keys() == {"status", "data", "pagination"}


async def test_get_booking_by_seat_is_200(desk: Desk):
    seated = await desk.booked(eventTypeId=COURSE)

    found = await desk.got(f"/v2/bookings/by-seat/{seated['seatUid']}")

    assert found == {name: content for name, content in seated.items() if name != "seatUid"}
    assert (await desk.ask("GET", "/v2/bookings/by-seat/nobody")).status_code == 404


async def test_post_cancel_is_200_for_a_booking_and_for_a_seat(desk: Desk):
    booking = await desk.booked()
    seated = await desk.booked(eventTypeId=COURSE)

    whole = await desk.post(f"/v2/bookings/{booking['uid']}/cancel", {"cancellationReason": "ill"})
    seat = await desk.post(f"/v2/bookings/{seated['uid']}/cancel", {"seatUid": seated["seatUid"]})

    assert (whole.status_code, whole.json()["data"]["status"]) == (200, "cancelled")
    assert (seat.status_code, seat.json()["data"]["status"]) == (200, "cancelled")


async def test_post_cancel_of_a_series_takes_subsequent_bookings_or_all(desk: Desk):
    series = await desk.booked(eventTypeId=PHYSIO)
    third = {"cancellationReason": "moved away", "cancelSubsequentBookings": True}
    everything = {"cancellationReason": "ill"}

    rest = await desk.post(f"/v2/bookings/{series[2]['uid']}/cancel", third)
    all_of_it = await desk.post(f"/v2/bookings/{series[0]['recurringBookingUid']}/cancel", everything)

    statuses = [[row["status"] for row in answer.json()["data"]] for answer in (rest, all_of_it)]
    assert statuses == [["accepted", "accepted", "cancelled", "cancelled"], ["cancelled"] * 4]


async def test_post_reschedule_is_201_for_a_booking_and_for_a_seat(desk: Desk):
    booking = await desk.booked()
    seated = await desk.booked(eventTypeId=COURSE)
    body = {"start": ELEVEN, "rescheduledBy": "eva@example.com", "reschedulingReason": "traffic"}

    whole = await desk.post(f"/v2/bookings/{booking['uid']}/reschedule", body)
    without_seat = await desk.post(f"/v2/bookings/{seated['uid']}/reschedule", body)
    seat = await desk.post(f"/v2/bookings/{seated['uid']}/reschedule", body | {"seatUid": seated["seatUid"]})

    assert (whole.status_code, without_seat.status_code, seat.status_code) == (201, 400, 201)
    moved = whole.json()["data"]
    assert (moved["start"], moved["rescheduledByEmail"], moved["reschedulingReason"]) == (
        "2026-11-24T10:00:00.000Z",
        "eva@example.com",
        "traffic",
    )
    assert seat.json()["data"]["seatUid"] != seated["seatUid"]


@pytest.mark.parametrize(("call", "status"), [("confirm", "accepted"), ("decline", "rejected")])
async def test_post_confirm_and_decline_are_200_for_the_owner_only(desk: Desk, call: str, status: str):
    path = f"/v2/bookings/{(await desk.booked(eventTypeId=CONSULTATION))['uid']}/{call}"

    answers = [await desk.post(path, {}, key) for key in ({}, STRANGER, OWNER)]

    assert [answer.status_code for answer in answers] == [401, 403, 200]
    assert answers[-1].json()["data"]["status"] == status


async def test_post_mark_absent_is_200_only_after_the_start(desk: Desk):
    booking = await desk.booked(eventTypeId=PROBE, start="2026-11-23T08:05:00Z")
    body = {"host": True, "attendees": [{"email": "eva@example.com", "absent": True}]}

    early = await desk.post(f"/v2/bookings/{booking['uid']}/mark-absent", body)
    desk.clock.advance(600)
    late = await desk.post(f"/v2/bookings/{booking['uid']}/mark-absent", body)

    assert (early.status_code, late.status_code) == (400, 200)
    assert late.json()["data"]["absentHost"]
    assert late.json()["data"]["attendees"][0]["absent"]


async def test_patch_location_is_200(desk: Desk):
    booking = await desk.booked(eventTypeId=1112)
    body = {"location": {"type": "attendeePhone", "phone": "+4917139200123"}}

    answer = await desk.ask("PATCH", f"/v2/bookings/{booking['uid']}/location", body)

    assert (answer.status_code, answer.json()["data"]["location"]) == (200, "+4917139200123")


async def test_post_guests_is_200(desk: Desk):
    booking = await desk.booked()

    answer = await desk.post(f"/v2/bookings/{booking['uid']}/guests", {"guests": [{"email": "max@example.com"}]})

    assert (answer.status_code, answer.json()["data"]["guests"]) == (200, ["max@example.com"])


async def test_post_attendees_is_201_and_get_attendees_200(desk: Desk):
    path = f"/v2/bookings/{(await desk.booked())['uid']}/attendees"
    body = {"name": "Max", "timeZone": "Europe/Berlin", "email": "max@example.com"}

    added = await desk.post(path, body)

    assert (added.status_code, added.json()["data"]["name"]) == (201, "Max")
    assert [who["name"] for who in await desk.got(path)] == ["Eva", "Max"]


async def test_get_references_and_calendar_links_are_200(desk: Desk):
    path = f"/v2/bookings/{(await desk.booked())['uid']}"

    assert await desk.got(f"{path}/references") == []
    assert {"label", "link"} == (await desk.got(f"{path}/calendar-links"))[0].keys()


async def test_get_slots_is_200(desk: Desk):
    answer = await desk.http.get("/v2/slots", params=slot_query(), headers=SLOTS)

    assert answer.status_code == 200


async def test_slot_reservations_are_201_200_200_200(desk: Desk):
    held = await desk.reserve()
    path = f"/v2/slots/reservations/{held.json()['data']['reservationUid']}"

    answers = [
        await desk.http.get(path, headers=SLOTS),
        await desk.http.patch(path, json={"eventTypeId": ANNA_HAIRCUT, "slotStart": ELEVEN}, headers=SLOTS),
        await desk.http.delete(path, headers=SLOTS),
    ]

    assert [held.status_code, *(answer.status_code for answer in answers)] == [201, 200, 200, 200]


async def test_get_event_types_is_200_with_what_a_client_must_know_of_each_kind(desk: Desk):
    listed = await desk.http.get("/v2/event-types", params={"username": "studio"}, headers=EVENT_TYPES | OWNER)
    one = await desk.http.get(f"/v2/event-types/{ANNA_HAIRCUT}", headers=EVENT_TYPES | OWNER)

    kinds = {kind["slug"]: kind for kind in listed.json()["data"]}
    assert kinds["consultation"]["confirmationPolicy"]["type"] == "always"
    assert kinds["massage"]["lengthInMinutesOptions"] == [30, 60, 90]
    assert kinds["course"]["seatsPerTimeSlot"] == 3
    assert kinds["physio"]["recurrence"] == {"interval": 1, "occurrences": 4, "frequency": "weekly"}
    assert [host["username"] for host in kinds["any-chair"]["hosts"]] == ["gus", "hal"]
    assert kinds["gift-card"]["disableCancelling"] == kinds["gift-card"]["disableRescheduling"] == {"disabled": True}
    assert kinds["members-only"]["bookingRequiresAuthentication"]
    assert {"hair-length", "attendeePhoneNumber"} <= {field["slug"] for field in kinds["survey"]["bookingFields"]}
    assert (one.status_code, one.json()["data"]["minimumBookingNotice"]) == (200, 60)


@pytest.mark.parametrize("path", ["/v2/webhooks", f"/v2/event-types/{ANNA_HAIRCUT}/webhooks"])
async def test_webhooks_are_made_with_201_and_read_changed_and_removed_with_200(desk: Desk, path: str):
    made = await desk.subscribe(path)

    one = f"{path}/{made['id']}"
    changed = await desk.http.patch(one, json={"active": False}, headers=OWNER)
    assert (changed.status_code, changed.json()["data"]) == (200, made | {"active": False})
    assert await desk.got(one) == changed.json()["data"]
    assert await desk.got(path) == [changed.json()["data"]]
    assert (await desk.http.get(one, headers=STRANGER)).status_code in {403, 404}
    assert (await desk.http.delete(one, headers=OWNER)).status_code == 200
    assert await desk.got(path) == []


async def test_get_me_is_200_for_whoever_the_key_belongs_to(desk: Desk):
    own = await desk.got("/v2/me")
    other = await desk.got("/v2/me", headers=STRANGER)

    assert (own["username"], other["username"]) == ("salon", "second-salon")
    assert (await desk.http.get("/v2/me", headers=BOOKINGS)).status_code == 401


async def test_there_is_no_call_to_change_metadata_after_create(desk: Desk):
    booking = await desk.booked(metadata={"bc_key": "k1"})

    answer = await desk.ask("PATCH", f"/v2/bookings/{booking['uid']}", {"metadata": {"bc_key": "k2"}})

    assert answer.status_code in {404, 405}
    assert (await desk.got(f"/v2/bookings/{booking['uid']}"))["metadata"] == {"bc_key": "k1"}
