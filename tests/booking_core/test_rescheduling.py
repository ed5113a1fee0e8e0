"""A move holds both times until Cal.com has moved the booking; the customer has one appointment, before and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from booking_core.domain.errors import (
    AppointmentBusy,
    AppointmentDatabaseError,
    BookingError,
    CalcomCircuitOpen,
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomRejected,
    CalcomUnavailable,
    InvalidRequest,
    MoveRefused,
    SlotTaken,
    TimeNotBookable,
    UnknownAppointment,
)
from booking_core.domain.models import Appointment, State, Tenant
from booking_core.domain.ports import CalcomBooking, CalcomStatus
from booking_core.services.calendar import Calendar
from tests.booking_core.conftest import Stage, asking
from tests.booking_core.crash.dying import DoubtfulDatabase
from tests.factories import (
    OTHER_SALON,
    SALON,
    TEN_O_CLOCK,
    a_request,
    a_wish,
    an_id,
    an_offering,
    an_origin,
    open_salon,
)

ELEVEN, QUARTER_PAST_TEN = "2026-12-02T11:00", "2026-12-02T10:15"
HOUR, HALF_AN_HOUR = timedelta(hours=1), timedelta(minutes=30)


@pytest.fixture(autouse=True)
def _one_chair(stage):
    open_salon(stage.database, "anna")


NOT_MOVED = """\
Dear Erika Muster,

We are sorry: we could not move your appointment to Wednesday, 2 December at 11:00.
It stands at the time it had:

  What:   Haircut with Anna
  When:   Wednesday, 2 December 2026,
          10:00 to 10:30 (the salon's local time)
  Where:  Salon Test

If you cannot come then, please call us, and we will find another time.

Salon Test

This e-mail was written by the salon's booking system. Answers to it are not read: please call.
"""


@pytest.fixture
async def booked(stage) -> Appointment:
    return await book(stage)


async def book(stage: Stage, **request: str) -> Appointment:
    wish = a_wish(email="erika@example.org")
    return await stage.core.orchestrator.book(SALON, a_request(wish=wish, **request), an_origin())


async def move(stage: Stage, appointment: Appointment, start: str = ELEVEN, *, tenant: Tenant = SALON) -> Appointment:
    return await stage.core.rescheduling.move(tenant, appointment.id, start, an_origin())


async def cancel(stage: Stage, appointment: Appointment) -> Appointment:
    return await stage.core.cancellation.cancel(SALON, appointment.id, reason="ill")


async def settle_to_the_end(stage: Stage, *appointments: Appointment) -> None:
    for appointment in appointments:
        for tries in range(1000):
            seconds = await stage.core.settlement.settle(SALON.id, appointment.id, tries=tries)
            if seconds is None:
                break
            stage.clock.advance(seconds)
        else:
            raise AssertionError("it never came to an end")


def states(stage: Stage) -> list[State]:
    return [each.state for each in stage.database.rows.appointments.values()]


def live(stage: Stage) -> list[tuple[str, datetime]]:
    return [(each.booking.uid, each.start) for each in stage.calcom.live]


def events(stage: Stage, name: str) -> float:
    return stage.count("booking_events_total", event=name)


async def letters(stage: Stage) -> list[str]:
    await stage.core.bus.drain()
    return [letter.message_id.split(".")[1].split("@")[0] for letter in stage.mailer.letters]


async def test_a_moved_appointment_stands_at_its_new_time_in_both_worlds_and_the_old_one_is_free(stage, booked):
    moved = await move(stage, booked)

    assert (moved.state, moved.start, moved.end) == (State.CONFIRMED, TEN_O_CLOCK + HOUR, booked.end + HOUR)
    assert (moved.calcom_uid, moved.lineage) == ("uid-2", booked.id)
    assert live(stage) == [("uid-2", TEN_O_CLOCK + HOUR)]
    assert states(stage) == [State.MOVED, State.CONFIRMED]
    assert await letters(stage) == ["confirmed", "moved"]
    somebody_else = a_request(wish=a_wish("Max", "+4930901821"))
    assert (await stage.core.orchestrator.book(SALON, somebody_else, an_origin())).state is State.CONFIRMED


async def test_each_move_moves_the_one_event_in_the_customers_calendar(stage, booked):
    await move(stage, booked)
    await letters(stage)
    await move(stage, booked, "2026-12-02T12:00")

    assert await letters(stage) == ["confirmed", "moved", "moved"]
    assert "12:00 to 12:30" in stage.mailer.letters[-1].text
    entries = [letter.calendar_entry.text.split("\r\n") for letter in stage.mailer.letters if letter.calendar_entry]
    assert {line for entry in entries for line in entry if line.startswith("UID:")} == {
        f"UID:{booked.id}@slotwatch.example"
    }
    sequences = [int(line.split(":")[1]) for entry in entries for line in entry if line.startswith("SEQUENCE:")]
    assert sequences == sorted(set(sequences))
    assert len(sequences) == 3


async def test_whoever_calls_off_a_move_that_waits_gets_one_letter_for_both_times(stage, booked):
    await letters(stage)
    stage.calcom.error = CalcomUnavailable()
    await move(stage, booked)
    stage.calcom.error = None

    await stage.core.cancellation.cancel(SALON, booked.id, reason="ill")

    assert await letters(stage) == ["confirmed", "called-off"]


async def test_a_move_is_no_booking_attempt(stage, booked):
    await move(stage, booked)

    labels = {"outcome": "confirmed", "reason": "none", "channel": "voice", "traffic": "real"}
    assert stage.count("booking_attempts_total", **labels) == 1
    assert events(stage, "AppointmentRescheduled") == 1


async def test_an_appointment_may_be_moved_onto_its_own_old_time(stage, booked):
    moved = await move(stage, booked, QUARTER_PAST_TEN)

    assert moved.start == TEN_O_CLOCK + timedelta(minutes=15)
    assert live(stage) == [("uid-2", moved.start)]


async def test_the_same_move_said_twice_gets_the_same_answer(stage, booked):
    first, again = await move(stage, booked), await move(stage, booked)

    assert again.id == first.id
    assert len(stage.calcom.entries) == 2
    assert events(stage, "AppointmentRescheduled") == 1


async def test_a_move_to_the_time_it_has_changes_nothing(stage, booked):
    assert (await move(stage, booked, "2026-12-02T10:00")).id == booked.id
    assert states(stage) == [State.CONFIRMED]


async def test_an_id_keeps_its_meaning_however_often_its_visit_was_moved(stage, booked):
    await move(stage, booked)
    await move(stage, booked, "2026-12-02T12:00")
    back = await move(stage, booked, "2026-12-02T10:00")

    assert live(stage) == [("uid-4", TEN_O_CLOCK)]
    assert (await cancel(stage, booked)).id == back.id
    assert states(stage) == [State.MOVED, State.MOVED, State.MOVED, State.CANCELLED]


async def test_who_books_what_was_moved_there_gets_the_moved_appointment(stage, booked):
    open_salon(stage.database)
    moved = await move(stage, booked)

    assert (await book(stage, start=ELEVEN)).id == moved.id


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_who_says_again_what_is_being_made_hears_what_became_of_it_meanwhile(stage, booked, is_cancelled):
    stage.database.rows.appointments[booked.id] = replace(booked, state=State.CREATING)

    async def meanwhile(_seconds: float) -> None:
        stage.database.rows.appointments[booked.id] = booked
        await move(stage, booked)
        if is_cancelled:
            await cancel(stage, booked)

    again = asking(stage, sleep=meanwhile).book(SALON, a_request(wish=a_wish(email="erika@example.org")), an_origin())
    if is_cancelled:
        with pytest.raises(SlotTaken):
            await again
    else:
        assert [(each.state, each.start) for each in [await again]] == [(State.CONFIRMED, TEN_O_CLOCK + HOUR)]


async def test_a_time_that_somebody_else_has_is_refused_with_alternatives_and_the_old_time_stands(stage, booked):
    other = a_request(start=ELEVEN, wish=a_wish("Max", "+4930901821"))
    await stage.core.orchestrator.book(SALON, other, an_origin())
    stage.calcom.free = [TEN_O_CLOCK + 2 * HOUR]

    with pytest.raises(SlotTaken) as refusal:
        await move(stage, booked)

    assert [slot.start for slot in refusal.value.alternatives] == [TEN_O_CLOCK + 2 * HOUR]
    assert states(stage) == [State.CONFIRMED, State.CONFIRMED]


async def test_a_time_that_only_cal_com_knows_to_be_taken_is_refused_with_alternatives(stage, booked):
    start = TEN_O_CLOCK + HOUR
    stage.calcom.occupy(an_offering("anna"), start, start + HALF_AN_HOUR, stranger=an_id("walk-in"))
    stage.calcom.free = [TEN_O_CLOCK + 2 * HOUR]

    with pytest.raises(SlotTaken) as refusal:
        await move(stage, booked)

    assert [slot.start for slot in refusal.value.alternatives] == [TEN_O_CLOCK + 2 * HOUR]
    assert states(stage) == [State.CONFIRMED, State.RELEASED]


@pytest.mark.parametrize(
    ("start", "error"),
    [("soon", InvalidRequest), ("2026-11-30T10:00", TimeNotBookable), ("2029-01-01T10:00", TimeNotBookable)],
)
async def test_a_time_that_cannot_be_booked_is_refused_before_anything_is_held(stage, booked, start, error):
    with pytest.raises(error):
        await move(stage, booked, start)

    assert states(stage) == [State.CONFIRMED]


async def test_another_salon_cannot_move_it(stage, booked):
    with pytest.raises(UnknownAppointment):
        await move(stage, booked, tenant=OTHER_SALON)


async def test_what_was_cancelled_cannot_be_moved(stage, booked):
    await cancel(stage, booked)

    with pytest.raises(UnknownAppointment):
        await move(stage, booked)


@pytest.mark.parametrize("state", [State.CREATING, State.QUEUED, State.UNKNOWN, State.PENDING, State.CANCELLING])
async def test_what_is_not_settled_cannot_be_moved_yet(stage, booked, state):
    stage.database.rows.appointments[booked.id] = replace(booked, state=state)

    with pytest.raises(AppointmentBusy):
        await move(stage, booked)


async def test_a_visit_in_several_parts_is_not_moved_by_halves(stage, booked):
    stage.database.rows.appointments[booked.id] = replace(booked, visit_id=booked.id)

    with pytest.raises(MoveRefused, match="several parts"):
        await move(stage, booked)

    assert states(stage) == [State.CONFIRMED]


async def test_what_the_salon_keeps_from_being_moved_stands_as_it_was(stage, booked):
    stage.calcom.error = CalcomRejected("This event type does not allow rescheduling.")

    with pytest.raises(MoveRefused, match="stands as it was"):
        await move(stage, booked)

    assert states(stage) == [State.CONFIRMED, State.FAILED]


@pytest.mark.parametrize(
    ("error", "kept_as"),
    [
        (CalcomUnavailable(), State.QUEUED),
        (CalcomCircuitOpen(retry_after_seconds=30), State.QUEUED),
        (CalcomRateLimited(), State.QUEUED),
        (CalcomOutcomeUnknown(), State.UNKNOWN),
    ],
)
async def test_while_cal_com_is_away_both_times_are_held_and_the_move_is_made_later(stage, booked, error, kept_as):
    stage.calcom.error = error

    moving = await move(stage, booked)

    assert states(stage) == [State.CONFIRMED, kept_as]
    assert stage.database.rows.jobs == [(SALON.id, moving.id)]
    assert (await move(stage, booked)).id == moving.id
    with pytest.raises(AppointmentBusy):
        await move(stage, booked, "2026-12-02T12:00")

    stage.calcom.error = None
    await settle_to_the_end(stage, moving)
    assert states(stage) == [State.MOVED, State.CONFIRMED]
    assert live(stage) == [("uid-2", TEN_O_CLOCK + HOUR)]
    assert await letters(stage) == ["confirmed", "moved"]


async def test_a_move_whose_answer_was_lost_is_found_and_not_made_again(stage, booked):
    stage.calcom.books_unseen, stage.calcom.error = True, CalcomOutcomeUnknown()
    moving = await move(stage, booked)
    stage.calcom.error = None

    assert await stage.core.settlement.settle(SALON.id, moving.id, tries=0) is None

    assert states(stage) == [State.MOVED, State.CONFIRMED]
    assert len(stage.calcom.entries) == 2


async def test_a_worker_killed_in_the_move_leaves_both_times_and_the_job_finds_out(stage, booked):
    stage.calcom.books_unseen, stage.calcom.error = True, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        await move(stage, booked)
    assert states(stage) == [State.CONFIRMED, State.CREATING]
    stage.calcom.error = None

    *_, moving = stage.database.rows.appointments.values()
    await settle_to_the_end(stage, moving)

    assert states(stage) == [State.MOVED, State.CONFIRMED]


async def test_a_new_time_lost_while_waiting_frees_it_and_the_customer_hears_that_the_old_one_stands(stage, booked):
    stage.calcom.error = CalcomUnavailable()
    moving = await move(stage, booked)
    stage.calcom.error = None
    start = TEN_O_CLOCK + HOUR
    stage.calcom.occupy(an_offering("anna"), start, start + HALF_AN_HOUR, stranger=an_id("walk-in"))

    await settle_to_the_end(stage, moving)

    assert states(stage) == [State.CONFIRMED, State.FAILED]
    assert await letters(stage) == ["confirmed", "not-moved"]
    assert stage.mailer.letters[-1].text == NOT_MOVED
    assert stage.mailer.letters[-1].calendar_entry is None
    assert ("uid-1", TEN_O_CLOCK) in live(stage)


async def test_a_move_is_given_up_before_the_old_time_comes(stage, booked):
    stage.calcom.error = CalcomUnavailable()
    moving = await move(stage, booked, "2026-12-05T10:00")
    stage.clock.moment = TEN_O_CLOCK - HALF_AN_HOUR

    await settle_to_the_end(stage, moving)

    assert stage.clock.now() < TEN_O_CLOCK
    assert states(stage) == [State.CONFIRMED, State.FAILED]


async def test_what_the_salon_moved_elsewhere_meanwhile_is_not_ours(stage, booked):
    stage.calcom.error = CalcomUnavailable()
    moving = await move(stage, booked)
    stage.calcom.error = None
    await stage.calcom.reschedule(SALON, "uid-1", TEN_O_CLOCK + 3 * HOUR, reason="by hand")

    await settle_to_the_end(stage, moving)

    assert states(stage) == [State.CONFIRMED, State.FAILED]
    assert live(stage) == [("uid-2", TEN_O_CLOCK + 3 * HOUR)]


async def test_a_move_that_the_salon_must_accept_is_pending(stage, booked):
    stage.calcom.status = CalcomStatus.PENDING

    moved = await move(stage, booked)

    assert moved.state is State.PENDING
    assert states(stage) == [State.MOVED, State.PENDING]
    assert events(stage, "AppointmentRescheduled") == 0


async def test_a_move_made_unseen_that_the_salon_declined_meanwhile_took_the_old_time_with_it(stage, booked):
    stage.calcom.status = CalcomStatus.PENDING
    stage.calcom.books_unseen, stage.calcom.error = True, CalcomOutcomeUnknown()
    moving = await move(stage, booked)
    stage.calcom.error = None
    stage.calcom.decide("uid-2", CalcomStatus.REJECTED)

    await settle_to_the_end(stage, moving)
    await settle_to_the_end(stage, moving)

    # Not "it stands at the time it had": Cal.com has given that up for the new one.
    assert live(stage) == []
    assert states(stage) == [State.MOVED, State.RELEASED]
    assert await letters(stage) == ["confirmed", "not-possible"]


async def test_a_move_whose_hold_is_committed_in_doubt_is_made_by_the_one_who_asked_for_it(stage, booked):
    database = DoubtfulDatabase(stage.database, at=1, was_done=True)

    moved = await replace(stage.core.rescheduling, database=database).move(SALON, booked.id, ELEVEN, an_origin())

    assert moved.state is State.CONFIRMED
    assert states(stage) == [State.MOVED, State.CONFIRMED]


async def test_cancelling_what_is_being_moved_cancels_both_times(stage, booked):
    stage.calcom.error = CalcomUnavailable()
    moving = await move(stage, booked)

    assert (await cancel(stage, booked)).state is State.CANCELLING

    stage.calcom.error = None
    await settle_to_the_end(stage, booked, moving)
    assert states(stage) == [State.CANCELLED, State.CANCELLED]
    assert live(stage) == []


@pytest.mark.parametrize("quicker", ["move", "cancel"])
async def test_a_cancellation_during_a_move_wins_whichever_reaches_cal_com_first(stage, booked, quicker):
    class Meanwhile:
        async def reschedule(self, tenant: Tenant, uid: str, start: datetime, *, reason: str) -> CalcomBooking:
            if quicker == "cancel":
                await cancel(stage, booked)
            moved = await stage.calcom.reschedule(tenant, uid, start, reason=reason)
            await cancel(stage, booked)
            return moved

    making = replace(stage.core.orchestrator.making, calendar=Calendar(Meanwhile()))
    with pytest.raises(BookingError):
        await replace(stage.core.rescheduling, making=making).move(SALON, booked.id, ELEVEN, an_origin())

    await settle_to_the_end(stage, *stage.database.rows.appointments.values())
    assert live(stage) == []
    assert State.CONFIRMED not in states(stage)


async def test_a_database_lost_during_the_move_is_a_promise_that_the_jobs_keep(stage, booked):
    class CutDuringTheCall:
        async def reschedule(self, tenant: Tenant, uid: str, start: datetime, *, reason: str) -> CalcomBooking:
            stage.database.down = True
            return await stage.calcom.reschedule(tenant, uid, start, reason=reason)

    making = replace(stage.core.orchestrator.making, calendar=Calendar(CutDuringTheCall()))
    moving = await replace(stage.core.rescheduling, making=making).move(SALON, booked.id, ELEVEN, an_origin())
    assert moving.state is State.CREATING

    stage.database.down = False
    await settle_to_the_end(stage, moving)
    assert states(stage) == [State.MOVED, State.CONFIRMED]


async def test_without_a_database_nothing_is_moved(stage, booked):
    stage.database.down = True

    with pytest.raises(AppointmentDatabaseError):
        await move(stage, booked)

    assert live(stage) == [("uid-1", TEN_O_CLOCK)]
