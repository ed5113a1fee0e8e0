"""A booking that was not answered in the call is found, made, or given up in time; never made twice, never lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking_core.domain.errors import (
    BookingError,
    CalcomCircuitOpen,
    CalcomOutcomeUnknown,
    CalcomRejected,
    CalcomUnavailable,
    SlotTaken,
)
from booking_core.domain.models import Appointment, State, Tenant
from booking_core.domain.ports import CalcomBooking
from tests.booking_core.conftest import Stage
from tests.factories import SALON, a_request, a_wish, an_origin

WITH_EVERY_CACHE = True


async def put_down(stage: Stage, error: BookingError, **request: str) -> Appointment:
    """Book while Cal.com fails; afterwards it works again."""
    stage.calcom.error = error
    wish = a_request(wish=a_wish(email="erika@example.org"), **request)
    appointment = await stage.core.orchestrator.book(SALON, wish, an_origin())
    stage.calcom.error = None
    return appointment


async def settle(stage: Stage, appointment: Appointment, *, tries: int = 0) -> float | None:
    return await stage.core.settlement.settle(SALON.id, appointment.id, tries=tries)


async def settle_to_the_end(stage: Stage, appointment: Appointment) -> None:
    for tries in range(1000):
        seconds = await settle(stage, appointment, tries=tries)
        if seconds is None:
            return
        stage.clock.advance(seconds)
    raise AssertionError("it never came to an end")


def state(stage: Stage, appointment: Appointment) -> State:
    return stage.database.rows.appointments[appointment.id].state


async def test_a_queued_booking_is_made_when_cal_com_is_back_and_the_customer_told(stage):
    appointment = await put_down(stage, CalcomUnavailable())
    stage.clock.advance(90)

    assert await settle(stage, appointment) is None
    await stage.core.bus.drain()

    assert state(stage, appointment) is State.CONFIRMED
    assert [each.id for each in stage.calcom.created] == [appointment.id]
    assert len(stage.mailer.letters) == 1
    assert stage.count("booking_confirmation_delay_seconds_sum") == 90


async def test_a_booking_that_was_made_unseen_is_found_and_not_made_again(stage):
    stage.calcom.books_unseen = True
    appointment = await put_down(stage, CalcomOutcomeUnknown())

    assert await settle(stage, appointment) is None

    assert state(stage, appointment) is State.CONFIRMED
    assert len(stage.calcom.created) == 1


async def test_what_has_been_in_doubt_for_long_is_believed_absent_at_the_second_look(stage):
    appointment = await put_down(stage, CalcomOutcomeUnknown())
    stage.clock.advance(300)

    assert await settle(stage, appointment) == 30
    stage.clock.advance(30)
    assert await settle(stage, appointment) is None

    assert state(stage, appointment) is State.CONFIRMED


async def test_absence_is_believed_only_after_two_looks_and_a_minute(stage):
    appointment = await put_down(stage, CalcomOutcomeUnknown())

    looks = []
    for _ in range(2):
        looks.append(await settle(stage, appointment))
        assert stage.calcom.created == []
        stage.clock.advance(30)

    assert looks == [30, 30]
    assert await settle(stage, appointment) is None
    assert len(stage.calcom.created) == 1


async def test_a_list_that_lags_does_not_lead_to_a_second_booking(stage):
    stage.calcom.books_unseen, stage.calcom.hides = True, True
    appointment = await put_down(stage, CalcomOutcomeUnknown())
    await settle(stage, appointment)
    stage.clock.advance(59)
    await settle(stage, appointment)
    stage.calcom.hides = False

    await settle_to_the_end(stage, appointment)

    assert len(stage.calcom.created) == 1
    assert state(stage, appointment) is State.CONFIRMED


async def test_an_open_circuit_parks_the_booking_until_it_may_close(stage):
    appointment = await put_down(stage, CalcomUnavailable())
    stage.calcom.error = CalcomCircuitOpen(retry_after_seconds=27)

    assert await settle(stage, appointment) == 27
    assert state(stage, appointment) is State.QUEUED


async def test_the_longer_cal_com_is_away_the_longer_the_waits(stage):
    appointment = await put_down(stage, CalcomUnavailable())
    stage.calcom.error = CalcomUnavailable()

    assert [await settle(stage, appointment, tries=tries) for tries in (0, 1, 5, 50)] == [5, 15, 300, 300]


async def test_a_slot_lost_while_waiting_frees_the_chair_and_counts_as_our_failure(stage):
    appointment = await put_down(stage, CalcomUnavailable())
    stage.calcom.error = SlotTaken()

    assert await settle(stage, appointment) is None

    assert state(stage, appointment) is State.FAILED
    labels = {"outcome": "failed", "reason": "slot_lost", "channel": "voice", "traffic": "real"}
    assert stage.count("booking_attempts_total", **labels) == 1


async def test_a_key_that_cal_com_rejects_ends_the_waiting(stage):
    appointment = await put_down(stage, CalcomUnavailable())
    stage.calcom.error = CalcomRejected()

    assert await settle(stage, appointment) is None
    assert state(stage, appointment) is State.FAILED


async def test_a_booking_is_given_up_in_time_to_tell_the_customer(stage):
    appointment = await put_down(stage, CalcomUnavailable())
    stage.calcom.error = CalcomUnavailable()

    await settle_to_the_end(stage, appointment)

    await stage.core.bus.drain()

    assert state(stage, appointment) is State.FAILED
    assert stage.clock.now() <= appointment.start - timedelta(minutes=50)
    (letter,) = stage.mailer.letters
    assert "we could not make the appointment" in letter.text


async def test_a_booking_for_the_next_minutes_is_given_up_before_it_would_have_begun(stage):
    appointment = await put_down(stage, CalcomUnavailable(), start="2026-12-01T09:02")
    stage.calcom.error = CalcomCircuitOpen(retry_after_seconds=300)

    waits = [await settle(stage, appointment)]
    stage.clock.advance(waits[0])

    assert waits == [60]
    assert await settle(stage, appointment) is None
    assert state(stage, appointment) is State.FAILED
    await stage.core.bus.drain()
    assert len(stage.mailer.letters) == 1
    assert stage.clock.now() < appointment.start


async def test_what_may_stand_at_cal_com_is_never_given_up_unseen(stage):
    appointment = await put_down(stage, CalcomOutcomeUnknown())
    stage.calcom.error = CalcomUnavailable()
    stage.clock.advance(7 * 86400)

    assert await settle(stage, appointment) is not None
    assert state(stage, appointment) is State.UNKNOWN


async def test_a_job_killed_between_the_call_and_the_commit_finds_its_booking(stage):
    appointment = await put_down(stage, CalcomUnavailable())
    stage.calcom.books_unseen = True
    stage.calcom.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        await settle(stage, appointment)
    assert state(stage, appointment) is State.CREATING
    stage.calcom.error = None

    await settle_to_the_end(stage, appointment)

    assert state(stage, appointment) is State.CONFIRMED
    assert len(stage.calcom.created) == 1


async def test_settling_what_is_settled_does_nothing(stage):
    appointment = await stage.core.orchestrator.book(SALON, a_request(), an_origin())

    assert await settle(stage, appointment) is None
    assert len(stage.calcom.created) == 1


async def test_a_job_that_was_overtaken_writes_nothing_and_comes_again(stage):
    appointment = await put_down(stage, CalcomUnavailable())

    async def cancelled_meanwhile(_tenant: Tenant, creating: Appointment) -> CalcomBooking:
        async with stage.database.begin(SALON.id) as stores:
            await stores.appointments.settle(creating, State.CANCELLED)
        raise CalcomUnavailable

    stage.calcom.create = cancelled_meanwhile

    assert await settle(stage, appointment) == 5
    assert state(stage, appointment) is State.CANCELLED
    assert await settle(stage, appointment) is None


async def test_a_job_killed_in_its_second_try_looks_as_long_as_after_the_first(stage):
    appointment = await put_down(stage, CalcomOutcomeUnknown())
    stage.calcom.error = KeyboardInterrupt()
    stage.calcom.books_unseen, stage.calcom.hides = True, True
    with pytest.raises(KeyboardInterrupt):
        await settle_to_the_end(stage, appointment)
    assert state(stage, appointment) is State.CREATING
    stage.calcom.error = None

    assert await settle(stage, appointment) == 30
    stage.calcom.hides = False
    await settle_to_the_end(stage, appointment)

    assert len(stage.calcom.created) == 1


async def test_a_look_that_is_rejected_gives_nothing_up(stage):
    appointment = await put_down(stage, CalcomOutcomeUnknown())
    stage.calcom.error = CalcomRejected()

    assert await settle(stage, appointment) == 5
    assert state(stage, appointment) is State.UNKNOWN
