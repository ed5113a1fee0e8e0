"""Research part 1.8: cancel, reschedule, confirm and decline, one test per statement."""

from __future__ import annotations

import httpx
import pytest

from tests.loadtests.calcom_simulator.desk import (
    BOOKINGS,
    CONSULTATION,
    COURSE,
    ELEVEN,
    FORMER_BOOKINGS,
    GIFT_CARD,
    MASSAGE,
    MAX,
    OWNER,
    PHYSIO,
    STRANGER,
    TEN,
    Desk,
)


async def test_cancel_clears_the_dedupe_key_so_that_the_slot_can_be_rebooked(desk: Desk):
    await desk.cancel((await desk.booked())["uid"])

    assert (await desk.create()).status_code == 201


async def test_already_cancelled_is_400(desk: Desk):
    uid = (await desk.booked())["uid"]
    await desk.cancel(uid)

    again = await desk.cancel(uid)

    assert (again.status_code, "already been cancelled" in again.text) == (400, True)


async def test_the_host_needs_a_reason(desk: Desk):
    uid = (await desk.booked())["uid"]

    assert (await desk.cancel(uid, reason=None)).status_code == 400
    assert (await desk.post(f"/v2/bookings/{uid}/cancel", {}, {})).status_code == 200


async def test_disable_cancelling_is_400(desk: Desk):
    uid = (await desk.booked(eventTypeId=GIFT_CARD))["uid"]

    assert (await desk.cancel(uid)).status_code == 400


async def test_disable_rescheduling_is_400(desk: Desk):
    uid = (await desk.booked(eventTypeId=GIFT_CARD))["uid"]

    assert (await desk.reschedule(uid)).status_code == 400


async def test_booking_cancelled_is_told_before_the_row_is_cancelled(desk: Desk):
    booking = await desk.booked()
    await desk.subscribe()
    seen: list[str] = []

    async def look(_: httpx.Request) -> httpx.Response:
        seen.append((await desk.got(f"/v2/bookings/{booking['uid']}"))["status"])
        return httpx.Response(200)

    desk.inbox.answer = look
    await desk.cancel(booking["uid"])

    assert (desk.inbox.heard(), seen) == (["BOOKING_CANCELLED"], ["accepted"])


async def test_a_reschedule_makes_a_new_uid_and_cancels_the_old_one(desk: Desk):
    old = await desk.booked(metadata={"bc_key": "k1"})

    new = (await desk.reschedule(old["uid"])).json()["data"]

    left = await desk.got(f"/v2/bookings/{old['uid']}")
    assert new["uid"] != old["uid"]
    assert (new["status"], new["rescheduledFromUid"], new["metadata"]) == ("accepted", old["uid"], {"bc_key": "k1"})
    assert (left["status"], left["rescheduledToUid"]) == ("cancelled", new["uid"])
    assert [slot["start"][11:16] for slot in (await desk.slots())["2026-11-24"]][:4] == [
        "08:00",
        "08:30",
        "09:00",
        "09:30",
    ]


async def test_rescheduling_a_cancelled_uid_is_400(desk: Desk):
    uid = (await desk.booked())["uid"]
    await desk.cancel(uid)

    answer = await desk.reschedule(uid)

    assert (answer.status_code, "cancelled" in answer.text) == (400, True)


async def test_rescheduling_a_rescheduled_uid_is_400_and_names_the_successor(desk: Desk):
    old = await desk.booked()
    new = (await desk.reschedule(old["uid"])).json()["data"]

    again = await desk.reschedule(old["uid"])

    assert (again.status_code, new["uid"] in again.json()["error"]["message"]) == (400, True)
    assert len([row for row in await desk.held() if row["status"] == "accepted"]) == 1


async def test_a_reschedule_may_overlap_itself_and_nobody_else(desk: Desk):
    booking = await desk.booked(eventTypeId=MASSAGE, lengthInMinutes=90)
    await desk.booked(eventTypeId=MASSAGE, start="2026-11-24T12:00:00Z", attendee=MAX)

    itself = await desk.reschedule(booking["uid"], start="2026-11-24T09:30:00Z")
    other = await desk.reschedule(itself.json()["data"]["uid"], start="2026-11-24T11:30:00Z")

    assert (itself.status_code, itself.json()["data"]["duration"]) == (201, 90)
    assert (other.status_code, "already has booking at this time" in other.text) == (400, True)


async def test_a_reschedule_to_the_very_same_time_succeeds(desk: Desk):
    booking = await desk.booked()

    assert (await desk.reschedule(booking["uid"], start=TEN)).status_code == 201


@pytest.mark.parametrize(("start", "fragment"), [("2026-11-20T09:00:00Z", "in the past"), ("soon", "start must be")])
async def test_a_reschedule_to_a_wrong_time_changes_nothing(desk: Desk, start: str, fragment: str):
    booking = await desk.booked()

    answer = await desk.reschedule(booking["uid"], start=start)

    assert (answer.status_code, fragment in answer.text) == (400, True)
    assert await desk.held() == [booking]


async def test_moving_the_last_seat_cancels_what_it_leaves(desk: Desk):
    eva = await desk.booked(eventTypeId=COURSE)
    max_ = await desk.booked(eventTypeId=COURSE, attendee=MAX)

    first = (await desk.reschedule(eva["uid"], seatUid=eva["seatUid"])).json()["data"]
    between = await desk.got(f"/v2/bookings/{eva['uid']}")
    second = (await desk.reschedule(max_["uid"], seatUid=max_["seatUid"])).json()["data"]

    assert [who["name"] for who in between["attendees"]] == ["Max"]
    assert first["uid"] == second["uid"]
    assert [who["name"] for who in second["attendees"]] == ["Eva", "Max"]
    assert (await desk.got(f"/v2/bookings/{eva['uid']}"))["rescheduledToUid"] == second["uid"]
    assert (await desk.reschedule(second["uid"], seatUid="nobody")).status_code == 404


async def test_cancelling_a_seat_leaves_the_others_and_the_last_one_ends_the_booking(desk: Desk):
    eva = await desk.booked(eventTypeId=COURSE)
    max_ = await desk.booked(eventTypeId=COURSE, attendee=MAX)
    path = f"/v2/bookings/{eva['uid']}/cancel"

    first = (await desk.post(path, {"seatUid": eva["seatUid"]}, {})).json()["data"]
    again = await desk.post(path, {"seatUid": eva["seatUid"]}, {})
    last = (await desk.post(path, {"seatUid": max_["seatUid"]}, {})).json()["data"]

    assert (first["status"], [who["name"] for who in first["attendees"]]) == ("accepted", ["Max"])
    assert again.status_code == 400
    assert last["status"] == "cancelled"


async def test_the_host_cancels_all_seats_at_once(desk: Desk):
    eva = await desk.booked(eventTypeId=COURSE)
    await desk.booked(eventTypeId=COURSE, attendee=MAX)

    cancelled = (await desk.cancel(eva["uid"])).json()["data"]

    assert (cancelled["status"], len(cancelled["attendees"])) == ("cancelled", 2)


async def test_a_series_that_is_over_cannot_be_cancelled_again(desk: Desk):
    series = await desk.booked(eventTypeId=PHYSIO)
    uid = series[0]["recurringBookingUid"]
    await desk.cancel(uid)

    again = await desk.cancel(uid)
    wrong = await desk.post(f"/v2/bookings/{uid}/cancel", {"cancelSubsequentBookings": True})
    plain = await desk.booked()
    no_series = await desk.post(f"/v2/bookings/{plain['uid']}/cancel", {"cancelSubsequentBookings": True})

    assert (again.status_code, wrong.status_code, no_series.status_code) == (400, 400, 400)


async def test_an_event_type_with_confirmation_returns_pending_from_create(desk: Desk):
    booking = await desk.booked(eventTypeId=CONSULTATION)

    assert booking["status"] == "pending"


@pytest.mark.parametrize("call", ["confirm", "decline"])
async def test_confirm_and_decline_apply_to_pending_only(desk: Desk, call: str):
    pending = (await desk.booked(eventTypeId=CONSULTATION))["uid"]
    await desk.post(f"/v2/bookings/{pending}/{call}")
    accepted = (await desk.booked())["uid"]

    answers = [await desk.post(f"/v2/bookings/{uid}/{call}") for uid in (pending, accepted, "nothing")]

    assert [answer.status_code for answer in answers] == [400, 400, 404]


async def test_a_pending_booking_takes_no_slot_and_confirming_may_double_book(desk: Desk):
    first = await desk.booked(eventTypeId=CONSULTATION)
    second = await desk.booked(eventTypeId=CONSULTATION, attendee=MAX)

    answers = [await desk.post(f"/v2/bookings/{row['uid']}/confirm") for row in (first, second)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert await desk.listed(status="upcoming") == [first["uid"], second["uid"]]


async def test_a_declined_booking_can_be_asked_for_again(desk: Desk):
    first = await desk.booked(eventTypeId=CONSULTATION)
    await desk.post(f"/v2/bookings/{first['uid']}/decline", {"reason": "holiday"})

    assert (await desk.booked(eventTypeId=CONSULTATION))["uid"] != first["uid"]


@pytest.mark.parametrize(("key", "status"), [({}, "pending"), (OWNER, "accepted")])
async def test_moved_by_its_attendee_a_booking_is_pending_again_and_by_its_host_it_is_not(
    desk: Desk, key: dict[str, str], status: str
):
    uid = (await desk.booked(eventTypeId=CONSULTATION))["uid"]
    await desk.post(f"/v2/bookings/{uid}/confirm")

    moved = await desk.post(f"/v2/bookings/{uid}/reschedule", {"start": ELEVEN}, key)

    assert moved.json()["data"]["status"] == status


async def test_request_reschedule_cancels_and_exists_only_in_the_newest_version(desk: Desk):
    uid = (await desk.booked())["uid"]
    await desk.subscribe()
    path, body = f"/v2/bookings/{uid}/request-reschedule", {"rescheduleReason": "ill"}

    former = await desk.http.post(path, json=body, headers=FORMER_BOOKINGS | OWNER)
    stranger = await desk.http.post(path, json=body, headers=BOOKINGS | STRANGER)
    newest = await desk.post(path, body)
    again = await desk.post(path, body)

    assert [answer.status_code for answer in (former, stranger, newest, again)] == [404, 403, 200, 400]
    row = await desk.got(f"/v2/bookings/{uid}")
    assert (row["status"], row["cancellationReason"]) == ("cancelled", "ill")
    assert desk.inbox.last()["requestReschedule"]
