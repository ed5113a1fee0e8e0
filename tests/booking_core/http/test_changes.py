"""What programs get back when they cancel and move."""

from __future__ import annotations

from booking_core.domain.errors import CalcomUnavailable
from tests.booking_core.http.requests import BOOKING, post


async def test_a_booking_can_be_cancelled_by_its_id(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()

    answer = await post(stage, f"/v1/bookings/{booked['appointment_id']}/cancel", {"reason": "ill"})

    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "cancelled",
            "appointment_id": booked["appointment_id"],
            "say": "Your appointment is cancelled.",
        },
    )
    assert stage.calcom.cancelled == ["uid-1"]


async def test_a_cancellation_that_cal_com_does_not_hear_is_noted_and_not_called_done(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    stage.calcom.error = CalcomUnavailable()

    answer = await post(stage, f"/v1/bookings/{booked['appointment_id']}/cancel", {"reason": "ill"})

    assert (answer.status_code, answer.json()["status"]) == (202, "noted")
    assert "will be carried out" in answer.json()["say"]


async def test_a_cancellation_that_is_refused_says_that_the_appointment_stands(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    stage.calcom.refuses_cancelling = True

    answer = await post(stage, f"/v1/bookings/{booked['appointment_id']}/cancel", {"reason": "ill"})

    assert (answer.status_code, answer.json()["reason"]) == (409, "cancellation_refused")
    assert "still stands" in answer.json()["message"]


async def test_a_program_moves_a_booking(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()

    answer = await post(stage, f"/v1/bookings/{booked['appointment_id']}/reschedule", {"start": "2026-12-02T11:00"})

    told = answer.json()
    assert (answer.status_code, told["status"], told["local_start"]) == (200, "confirmed", "2026-12-02T11:00")
    assert told["say"] == "Your Haircut with Anna is moved to Wednesday, 2 December at 11:00."
    assert told["appointment_id"] != booked["appointment_id"]


async def test_a_move_while_cal_com_is_away_is_202_and_says_that_the_old_time_stands(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    stage.calcom.error = CalcomUnavailable()

    answer = await post(stage, f"/v1/bookings/{booked['appointment_id']}/reschedule", {"start": "2026-12-02T11:00"})

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert "Your old time stands until we confirm the new one" in answer.json()["say"]
