"""A cancellation is carried out in both worlds, or noted and carried out later, or refused aloud; never lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from booking_core.domain.errors import (
    BookingError,
    CalcomCircuitOpen,
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomRejected,
    CalcomUnavailable,
    CancellationRefused,
    SlotTaken,
    UnknownAppointment,
)
from booking_core.domain.models import Appointment, State, Tenant, Traffic
from booking_core.domain.ports import CalcomBooking, CalcomStatus
from booking_core.services.cancellation import call_off
from tests.booking_core.conftest import Stage, asking
from tests.factories import OTHER_SALON, SALON, a_request, a_wish, an_origin, open_salon

AWAY = [CalcomUnavailable(), CalcomCircuitOpen(retry_after_seconds=30), CalcomRateLimited(), CalcomOutcomeUnknown()]


@pytest.fixture(autouse=True)
def _one_chair(stage):
    open_salon(stage.database, "anna")


async def book(stage: Stage, *, traffic: Traffic = Traffic.REAL) -> Appointment:
    wish = a_wish(email="erika@example.org")
    appointment = await stage.core.orchestrator.book(SALON, a_request(wish=wish), an_origin(traffic))
    await stage.core.bus.drain()
    return appointment


async def cancel(stage: Stage, appointment: Appointment, *, tenant: Tenant = SALON) -> Appointment:
    return await stage.core.cancellation.cancel(tenant, appointment.id, reason="changed my mind")


async def settle(stage: Stage, appointment: Appointment) -> float | None:
    return await stage.core.settlement.settle(SALON.id, appointment.id, tries=0)


async def settle_to_the_end(stage: Stage, appointment: Appointment) -> None:
    for _ in range(100):
        seconds = await settle(stage, appointment)
        if seconds is None:
            return
        stage.clock.advance(seconds)
    raise AssertionError("it never came to an end")


def state(stage: Stage, appointment: Appointment) -> State:
    return stage.database.rows.appointments[appointment.id].state


def events(stage: Stage, name: str) -> float:
    return stage.count("booking_events_total", event=name)


async def letters(stage: Stage) -> list[str]:
    await stage.core.bus.drain()
    return [letter.message_id.split(".")[1].split("@")[0] for letter in stage.mailer.letters]


async def test_a_cancelled_appointment_is_cancelled_in_both_worlds_and_its_chair_is_free(stage):
    appointment = await book(stage)

    cancelled = await cancel(stage, appointment)

    assert (cancelled.state, stage.calcom.cancelled) == (State.CANCELLED, ["uid-1"])
    assert state(stage, appointment) is State.CANCELLED
    assert (await book(stage)).state is State.CONFIRMED
    assert await letters(stage) == ["confirmed", "called-off", "confirmed"]


async def test_cancelling_again_is_a_success_and_asks_cal_com_nothing(stage):
    appointment = await book(stage)
    for _ in range(2):
        assert (await cancel(stage, appointment)).state is State.CANCELLED

    assert stage.calcom.cancelled == ["uid-1"]
    assert events(stage, "AppointmentCancelled") == 1


async def test_another_salon_cannot_cancel_it(stage):
    appointment = await book(stage)

    with pytest.raises(UnknownAppointment):
        await cancel(stage, appointment, tenant=OTHER_SALON)

    assert state(stage, appointment) is State.CONFIRMED


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
async def test_while_cal_com_is_away_it_is_noted_and_the_chair_kept_until_it_is_carried_out(stage, error):
    appointment = await book(stage)
    stage.calcom.error = error

    assert (await cancel(stage, appointment)).state is State.CANCELLING
    assert stage.database.rows.jobs == [(SALON.id, appointment.id)]
    with pytest.raises(SlotTaken):
        await stage.core.orchestrator.book(SALON, a_request(wish=a_wish("Max", "+4930901821")), an_origin())
    assert events(stage, "AppointmentCancelled") == 0

    stage.calcom.error = None
    assert await settle(stage, appointment) is None
    assert state(stage, appointment) is State.CANCELLED
    assert await letters(stage) == ["confirmed", "called-off"]


async def test_it_is_noted_before_cal_com_is_asked(stage):
    appointment = await book(stage)
    stage.calcom.error = KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        await cancel(stage, appointment)

    assert state(stage, appointment) is State.CANCELLING
    assert stage.database.rows.jobs == [(SALON.id, appointment.id)]


async def test_a_reason_is_always_sent(stage):
    appointment = await book(stage)
    stage.calcom.error = CalcomUnavailable()
    await cancel(stage, appointment)
    stage.calcom.error = None
    sent: list[str] = []

    async def listen(_tenant: Tenant, _uid: str, *, reason: str) -> None:
        sent.append(reason)

    stage.calcom.cancel = listen
    await settle(stage, appointment)

    assert sent == ["changed my mind"]


async def test_a_queued_booking_is_cancelled_at_once_without_asking_cal_com(stage):
    stage.calcom.error = CalcomUnavailable()
    appointment = await book(stage)

    assert (await cancel(stage, appointment)).state is State.CANCELLED

    stage.calcom.error = None
    assert await settle(stage, appointment) is None
    assert stage.calcom.created == []


async def test_what_may_exist_is_looked_for_and_cancelled(stage):
    stage.calcom.books_unseen, stage.calcom.error = True, CalcomOutcomeUnknown()
    appointment = await book(stage)

    assert (await cancel(stage, appointment)).state is State.CANCELLING
    stage.calcom.error = None
    await settle_to_the_end(stage, appointment)

    assert stage.calcom.cancelled == ["uid-1"]
    assert state(stage, appointment) is State.CANCELLED


async def test_what_may_exist_and_is_not_found_is_believed_absent_as_usual(stage):
    stage.calcom.error = CalcomOutcomeUnknown()
    appointment = await book(stage)
    await cancel(stage, appointment)
    stage.calcom.error = None
    begun = stage.clock.now()

    assert await settle(stage, appointment) == 30
    assert state(stage, appointment) is State.CANCELLING
    await settle_to_the_end(stage, appointment)

    assert state(stage, appointment) is State.CANCELLED
    assert (stage.clock.now() - begun).total_seconds() >= 60
    assert stage.calcom.created == stage.calcom.cancelled == []


async def test_a_list_that_lags_hides_nothing_from_the_cancellation(stage):
    stage.calcom.books_unseen, stage.calcom.error, stage.calcom.hides = True, CalcomOutcomeUnknown(), True
    appointment = await book(stage)
    await cancel(stage, appointment)
    stage.calcom.error = None
    await settle(stage, appointment)
    stage.clock.advance(30)
    stage.calcom.hides = False
    await settle_to_the_end(stage, appointment)

    assert stage.calcom.live == []


async def test_what_the_salon_keeps_from_being_cancelled_stands_and_the_caller_is_told(stage):
    appointment = await book(stage)
    stage.calcom.refuses_cancelling = True

    with pytest.raises(CancellationRefused):
        await cancel(stage, appointment)

    assert state(stage, appointment) is State.CONFIRMED
    assert await letters(stage) == ["confirmed", "not-cancelled"]
    assert events(stage, "AppointmentCancellationRefused") == 1


async def test_a_refusal_that_comes_later_is_told_by_letter(stage):
    appointment = await book(stage)
    stage.calcom.error = CalcomUnavailable()
    await cancel(stage, appointment)
    stage.calcom.error, stage.calcom.refuses_cancelling = None, True

    assert await settle(stage, appointment) is None

    assert state(stage, appointment) is State.CONFIRMED
    assert await letters(stage) == ["confirmed", "not-cancelled"]


async def test_a_pending_booking_that_cannot_be_cancelled_is_pending_still(stage):
    stage.calcom.status, stage.calcom.refuses_cancelling = CalcomStatus.PENDING, True
    appointment = await book(stage)

    with pytest.raises(CancellationRefused):
        await cancel(stage, appointment)

    assert state(stage, appointment) is State.PENDING
    assert (SALON.id, appointment.id) in stage.database.rows.jobs


async def test_a_calendar_that_rejects_every_question_cancels_nothing_and_nothing_is_forgotten(stage):
    appointment = await book(stage)
    stage.calcom.error = CalcomRejected("Invalid API key")

    assert (await cancel(stage, appointment)).state is State.CANCELLING
    assert await settle(stage, appointment) == 5

    stage.calcom.error = None
    assert await settle(stage, appointment) is None
    assert state(stage, appointment) is State.CANCELLED


async def test_an_answer_that_never_comes_to_what_is_cancelled_already_ends_all_the_same(stage):
    appointment = await book(stage)
    stage.calcom.error = CalcomUnavailable()
    await cancel(stage, appointment)
    stage.calcom.error = None
    stage.calcom.decide("uid-1", CalcomStatus.CANCELLED)

    async def fall_over(_tenant: Tenant, _uid: str, *, reason: str) -> None:
        raise CalcomOutcomeUnknown

    stage.calcom.cancel = fall_over

    assert await settle(stage, appointment) is None
    assert state(stage, appointment) is State.CANCELLED


async def test_a_lost_answer_to_the_cancellation_is_asked_for_again(stage):
    appointment = await book(stage)
    stage.calcom.books_unseen, stage.calcom.error = True, CalcomOutcomeUnknown()

    assert (await cancel(stage, appointment)).state is State.CANCELLING
    stage.calcom.error = None
    assert await settle(stage, appointment) is None

    assert stage.calcom.cancelled == ["uid-1"]
    assert state(stage, appointment) is State.CANCELLED


async def test_a_database_lost_after_the_note_leaves_the_rest_to_the_job(stage):
    appointment = await book(stage)

    class CutDuringTheCall:
        async def cancel(self, tenant: Tenant, uid: str, *, reason: str) -> None:
            stage.database.down = True
            await stage.calcom.cancel(tenant, uid, reason=reason)

    cancellation = replace(stage.core.cancellation, calcom=CutDuringTheCall())
    assert (await cancellation.cancel(SALON, appointment.id, reason="ill")).state is State.CANCELLING

    stage.database.down = False
    assert await settle(stage, appointment) is None
    assert state(stage, appointment) is State.CANCELLED


async def test_a_job_and_a_call_that_carry_it_out_at_once_tell_it_once(stage):
    appointment = await book(stage)

    class SlowCalendar:
        async def cancel(self, tenant: Tenant, uid: str, *, reason: str) -> None:
            await settle(stage, appointment)
            await stage.calcom.cancel(tenant, uid, reason=reason)

    cancellation = replace(stage.core.cancellation, calcom=SlowCalendar())

    assert (await cancellation.cancel(SALON, appointment.id, reason="ill")).state is State.CANCELLED
    assert events(stage, "AppointmentCancelled") == 1


async def test_what_we_have_to_undo_goes_the_same_way(stage):
    appointment = await book(stage)

    async with stage.database.begin(SALON.id) as stores:
        recorded = await call_off(stores, appointment, reason="its other half could not be booked")

    assert (recorded.is_mine, recorded.appointment.state) == (True, State.CANCELLING)
    assert await settle(stage, appointment) is None
    assert stage.calcom.live == []


@pytest.mark.parametrize("ended", [State.RELEASED, State.FAILED, State.CANCELLED])
async def test_what_has_ended_is_not_called_off(stage, ended):
    appointment = await book(stage)
    stage.database.rows.appointments[appointment.id] = replace(appointment, state=ended)

    assert (await cancel(stage, appointment)).state is ended
    assert stage.calcom.cancelled == stage.database.rows.jobs == []


async def undo(stage: Stage, uid: str = "uid-1") -> None:
    await stage.core.cancellation.undo(SALON.id, uid, reason="made too late")


async def test_a_booking_that_is_nobodys_is_undone_and_undoing_it_again_is_a_success(stage):
    await book(stage)
    for _ in range(2):
        await undo(stage)

    assert stage.calcom.cancelled == ["uid-1"]


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
async def test_an_undoing_that_was_not_answered_is_tried_again(stage, error):
    await book(stage)
    stage.calcom.error = error

    with pytest.raises(BookingError):
        await undo(stage)


async def test_an_undoing_that_is_refused_ends_and_does_not_hang(stage):
    await book(stage)
    stage.calcom.refuses_cancelling = True

    await undo(stage)

    assert len(stage.calcom.live) == 1


async def test_a_probe_is_told_nothing_by_letter(stage):
    appointment = await book(stage, traffic=Traffic.SYNTHETIC)
    await cancel(stage, appointment)

    assert await letters(stage) == []


async def test_a_late_create_does_not_bring_back_what_was_called_off(stage):
    class Meanwhile:
        async def create(self, tenant: Tenant, creating: Appointment) -> CalcomBooking:
            await stage.core.cancellation.cancel(tenant, creating.id, reason="quick change of mind")
            return await stage.calcom.create(tenant, creating)

    orchestrator = asking(stage, calcom=Meanwhile())
    with pytest.raises(BookingError, match="cancelled while it was being made"):
        await orchestrator.book(SALON, a_request(), an_origin())

    (appointment,) = stage.database.rows.appointments.values()
    await settle_to_the_end(stage, appointment)
    assert state(stage, appointment) is State.CANCELLED
    assert stage.calcom.live == []
