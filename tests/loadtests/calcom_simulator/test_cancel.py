"""POST /v2/bookings/{uid}/cancel against the contract."""

from __future__ import annotations

from tests.loadtests.calcom_simulator.desk import BOOKINGS, WRONG_KEY, Desk


async def test_a_cancelled_booking_says_so_and_frees_its_slot(desk: Desk):
    everything = await desk.slots()
    booking = await desk.booked()
    desk.clock.advance(5)

    answer = await desk.cancel(booking["uid"])

    assert answer.status_code == 200
    assert answer.json()["data"] == booking | {
        "status": "cancelled",
        "cancellationReason": "changed plans",
        "cancelledByEmail": "salon@example.com",
        "updatedAt": "2026-11-23T08:00:05.000Z",
    }
    assert await desk.slots() == everything


async def test_a_cancelled_slot_can_be_booked_again_under_another_uid(desk: Desk):
    first = await desk.booked()
    await desk.cancel(first["uid"])

    second = await desk.booked()

    assert second["uid"] != first["uid"]


async def test_cancelling_twice_is_refused(desk: Desk):
    booking = await desk.booked()
    await desk.cancel(booking["uid"])

    answer = await desk.cancel(booking["uid"])

    assert answer.status_code == 400
    assert "already been cancelled" in answer.json()["error"]["message"]


async def test_the_host_must_give_a_reason_and_the_attendee_need_not(desk: Desk):
    booking = await desk.booked()

    as_host = await desk.cancel(booking["uid"], reason=None)
    as_attendee = await desk.http.post(f"/v2/bookings/{booking['uid']}/cancel", headers=BOOKINGS)

    assert as_host.status_code == 400
    assert "eason is required" in as_host.json()["error"]["message"]
    assert as_attendee.status_code == 200
    assert "cancelledByEmail" not in as_attendee.json()["data"]


async def test_an_unknown_booking_cannot_be_cancelled(desk: Desk):
    assert (await desk.cancel("nothing")).status_code == 404


async def test_a_wrong_key_cancels_nothing(desk: Desk):
    booking = await desk.booked()

    answer = await desk.http.post(
        f"/v2/bookings/{booking['uid']}/cancel", json={"cancellationReason": "mine"}, headers=BOOKINGS | WRONG_KEY
    )

    assert answer.status_code == 401
    assert await desk.listed(status="upcoming") == [booking["uid"]]


async def test_a_reason_that_is_no_text_is_refused(desk: Desk):
    booking = await desk.booked()

    answer = await desk.http.post(f"/v2/bookings/{booking['uid']}/cancel", json={"cancellationReason": 5})

    assert answer.status_code == 400
