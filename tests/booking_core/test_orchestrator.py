"""What a caller experiences, on fakes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from booking_core.domain.errors import (
    AppointmentCreationError,
    AppointmentDatabaseError,
    CalcomCircuitOpen,
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomRejected,
    CalcomUnavailable,
    CalledOff,
    CustomerValidationError,
    SlotTaken,
    TimeNotBookable,
    UnknownService,
    UnknownStaff,
)
from booking_core.domain.models import Appointment, BookingRequest, CustomerWish, State, Tenant, Traffic
from booking_core.domain.ports import CalcomBooking, CalcomStatus
from booking_core.services.outcomes import ASTRAY
from tests.booking_core.conftest import Stage, asking
from tests.factories import (
    NOW,
    SALON,
    TEN_O_CLOCK,
    a_request,
    a_wish,
    an_id,
    an_offering,
    an_origin,
    open_salon,
)
from tests.fakes.calcom import Entry

WITH_EVERY_CACHE = True
SOMEBODY_ELSE = a_request(wish=a_wish("Max", "+4930901821"))


async def book(stage: Stage, request: BookingRequest | None = None, *, traffic: Traffic = Traffic.REAL):
    return await stage.core.orchestrator.book(SALON, request or a_request(), an_origin(traffic))


def states(stage: Stage) -> list[State]:
    return [appointment.state for appointment in stage.database.rows.appointments.values()]


async def test_a_free_slot_is_booked_in_both_worlds(stage):
    appointment = await book(stage)

    assert appointment.state is State.CONFIRMED
    assert (appointment.start, appointment.calcom_uid) == (TEN_O_CLOCK, "uid-1")
    assert [each.id for each in stage.calcom.created] == [appointment.id]
    assert stage.database.rows.appointments[appointment.id] == appointment


async def test_cal_com_is_asked_only_after_the_hold_is_committed(stage):
    await book(stage)

    assert stage.calcom.created[0].state is State.CREATING


async def test_a_taken_slot_is_refused_and_nothing_is_stored(stage):
    open_salon(stage.database, "anna")
    await book(stage)

    with pytest.raises(SlotTaken):
        await book(stage, SOMEBODY_ELSE)

    assert states(stage) == [State.CONFIRMED]
    assert len(stage.calcom.created) == 1


async def test_a_taken_slot_comes_with_the_nearest_free_ones(stage):
    open_salon(stage.database, "anna")
    await book(stage)
    stage.calcom.free = [TEN_O_CLOCK.replace(hour=hour) for hour in (8, 9, 10, 13)]

    with pytest.raises(SlotTaken) as refusal:
        await book(stage, SOMEBODY_ELSE)

    assert [slot.start.hour for slot in refusal.value.alternatives] == [8, 10, 13]


async def test_the_second_caller_gets_the_other_hairdresser(stage):
    first, second = await book(stage), await book(stage, SOMEBODY_ELSE)

    assert (first.offering.staff_slug, second.offering.staff_slug) == ("anna", "ben")


async def test_customers_who_do_not_mind_go_to_whoever_has_least_to_do_that_day(stage):
    await book(stage, a_request(start="2026-12-02T09:00", staff="anna"))
    elsewhere = [("2026-12-02T12:00", 1), ("2026-12-02T13:00", 2), ("2026-12-02T14:00", 3), ("2026-12-03T14:00", 4)]

    booked = []
    for start, number in elsewhere:
        stage.clock.advance(1)
        booked.append(await book(stage, a_request(start=start, wish=a_wish(phone=f"+4930901830{number}"))))

    # Ben draws level; Anna has waited longer then; on an empty day it is Anna's turn once more.
    assert [each.offering.staff_slug for each in booked] == ["ben", "anna", "ben", "anna"]


async def test_the_hairdresser_asked_for_is_the_one_booked(stage):
    appointment = await book(stage, a_request(staff="Ben"))

    assert appointment.offering.staff_slug == "ben"


@pytest.mark.parametrize("spoken", ["haircut", "Hair Cut", "TRIM", str(an_id("haircut"))])
async def test_a_service_is_found_by_what_callers_call_it(stage, spoken):
    assert (await book(stage, a_request(service=spoken))).offering.service_slug == "haircut"


async def test_an_unknown_service_is_refused_with_suggestions(stage):
    with pytest.raises(UnknownService) as refusal:
        await book(stage, a_request(service="haircat"))

    assert refusal.value.suggestions == ("haircut",)


async def test_an_unknown_hairdresser_is_refused_with_suggestions(stage):
    with pytest.raises(UnknownStaff) as refusal:
        await book(stage, a_request(staff="Anne"))

    assert refusal.value.suggestions == ("anna",)


async def test_a_time_in_the_past_is_refused(stage):
    with pytest.raises(TimeNotBookable):
        await book(stage, a_request(start="2026-11-30T10:00"))


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (CustomerWish("  ", "+4930901820"), "name"),
        (CustomerWish("Erika", "twelve"), "phone"),
        (CustomerWish("Erika", "+49"), "phone"),
        (CustomerWish("Erika", "+4930901820", "erika at home"), "email"),
    ],
)
async def test_a_misheard_customer_is_refused_with_the_field_to_ask_again(stage, wish, field):
    with pytest.raises(CustomerValidationError) as refusal:
        await book(stage, a_request(wish=wish))

    assert refusal.value.field == field


async def test_a_national_number_belongs_to_the_salons_country(stage):
    appointment = await book(stage, a_request(wish=a_wish(phone="030 901820")))

    assert appointment.customer.phone == "+4930901820"


async def test_a_known_callers_name_is_not_overwritten(stage):
    await book(stage)

    again = await book(stage, a_request(start="2026-12-02T11:00", wish=a_wish("Somebody Else")))

    assert again.customer.name == "Erika Muster"


@pytest.mark.parametrize(
    ("error", "left_behind"),
    [
        (CalcomRejected(), State.FAILED),
        (SlotTaken(), State.RELEASED),
        (TimeNotBookable(), State.RELEASED),
    ],
)
async def test_what_cal_com_does_not_book_is_written_down_as_what_it_is(stage, error, left_behind):
    stage.calcom.error = error

    with pytest.raises(type(error)):
        await book(stage)

    assert states(stage) == [left_behind]


@pytest.mark.parametrize(
    ("error", "kept_as"),
    [
        (CalcomUnavailable(), State.QUEUED),
        (CalcomCircuitOpen(retry_after_seconds=30), State.QUEUED),
        (CalcomRateLimited(), State.QUEUED),
        (CalcomOutcomeUnknown(), State.UNKNOWN),
    ],
)
async def test_while_cal_com_is_away_the_chair_is_kept_and_a_job_put_down(stage, error, kept_as):
    open_salon(stage.database, "anna")
    stage.calcom.error = error

    appointment = await book(stage)

    assert appointment.state is kept_as
    assert stage.database.rows.jobs == [(SALON.id, appointment.id)]
    with pytest.raises(SlotTaken):
        await book(stage, SOMEBODY_ELSE)


async def test_a_failed_booking_frees_its_chair(stage):
    open_salon(stage.database, "anna")
    stage.calcom.error = CalcomRejected()
    with pytest.raises(CalcomRejected):
        await book(stage)
    stage.calcom.error = None

    assert (await book(stage)).state is State.CONFIRMED


async def test_a_lost_database_is_a_failure_of_ours(stage):
    stage.database.down = True

    with pytest.raises(AppointmentDatabaseError):
        await book(stage)

    assert attempts(stage, "failed", "database_unavailable") == 1


async def test_a_surprise_is_counted_and_named_and_keeps_its_cause(stage, monkeypatch):
    monkeypatch.setattr(stage.database, "begin", lambda _scope: 1 / 0)

    with pytest.raises(AppointmentCreationError) as failure:
        await book(stage)

    assert isinstance(failure.value.__cause__, ZeroDivisionError)
    assert attempts(stage, "failed", "internal_error") == 1


async def test_after_the_hold_nobody_is_told_that_nothing_was_booked(stage):
    stage.calcom.error = ZeroDivisionError("surprise")

    with pytest.raises(CalcomOutcomeUnknown):
        await book(stage)

    assert states(stage) == [State.CREATING]


def attempts(stage: Stage, outcome: str, reason: str, traffic: str = "real") -> float:
    return stage.count("booking_attempts_total", outcome=outcome, reason=reason, channel="voice", traffic=traffic)


async def test_every_attempt_is_counted_once_by_how_it_ended(stage):
    await book(stage)
    stage.calcom.error = CalcomRejected()
    with pytest.raises(CalcomRejected):
        await book(stage, a_request(start="2026-12-02T12:00"))
    stage.calcom.error = CalcomUnavailable()
    await book(stage, a_request(start="2026-12-02T13:00"))
    with pytest.raises(UnknownService):
        await book(stage, a_request(service="massage"))
    stage.calcom.error = None
    await book(stage, a_request(start="2026-12-02T14:00"), traffic=Traffic.SYNTHETIC)

    assert attempts(stage, "confirmed", "none") == 1
    assert attempts(stage, "failed", "calcom_rejected") == 1
    assert attempts(stage, "queued", "none") == 1
    assert attempts(stage, "refused", "unknown_service") == 1
    assert attempts(stage, "confirmed", "none", "synthetic") == 1


async def test_the_same_wish_said_again_gets_the_same_answer_and_is_counted_once(stage):
    first = await book(stage, a_request(wish=a_wish(email="erika@example.org")))
    again = await book(stage, a_request(wish=a_wish(email="erika@example.org")))
    await stage.core.bus.drain()

    assert again == first
    assert len(stage.calcom.created) == len(stage.mailer.letters) == 1
    assert attempts(stage, "confirmed", "none") == 1


async def test_a_copy_waits_for_the_original_and_gets_its_answer(stage):
    first = await book(stage)
    stage.database.rows.appointments[first.id] = replace(first, state=State.CREATING, calcom_uid=None)

    async def meanwhile(_seconds: float) -> None:
        stage.database.rows.appointments[first.id] = first

    copy = await asking(stage, sleep=meanwhile).book(SALON, a_request(), an_origin())

    assert copy == first


async def test_a_copy_that_loses_the_database_for_a_moment_still_gets_the_originals_answer(stage):
    first = await book(stage)
    stage.database.rows.appointments[first.id] = replace(first, state=State.CREATING, calcom_uid=None)
    lost = iter((True, False))

    async def meanwhile(_seconds: float) -> None:
        stage.database.down = next(lost)
        stage.database.rows.appointments[first.id] = first

    copy = await asking(stage, sleep=meanwhile).book(SALON, a_request(), an_origin())

    assert copy == first


class CutDuringTheCall:
    """Cal.com, and a database that goes away while it thinks."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        self._stage.database.down = True
        return await self._stage.calcom.create(tenant, appointment)


@pytest.mark.parametrize("error", [None, CalcomUnavailable(), CalcomOutcomeUnknown(), CalcomRejected(), SlotTaken()])
async def test_a_database_lost_after_the_hold_never_makes_the_answer_a_failure(stage, error):
    stage.calcom.error = error
    orchestrator = asking(stage, calcom=CutDuringTheCall(stage))

    appointment = await orchestrator.book(SALON, a_request(), an_origin())

    # Promised, and found as creating by the jobs, which settle it or tell the customer.
    assert appointment.state is State.CREATING
    assert states(stage) == [State.CREATING]


async def test_a_wish_can_be_fulfilled_again_after_it_was_cancelled(stage):
    first = await book(stage)
    await stage.core.cancellation.cancel(SALON, first.id, reason="ill")

    again = await book(stage)

    assert again.id != first.id
    assert len(stage.calcom.created) == 2


async def test_what_cal_com_books_longer_than_we_knew_is_held_and_told_so_long(stage):
    stage.calcom.minutes = 45

    appointment = await book(stage)

    assert appointment.end - appointment.start == timedelta(minutes=45)
    assert stage.database.rows.appointments[appointment.id] == appointment
    assert await book(stage) == appointment


async def test_where_somebody_else_comes_before_the_longer_end_both_keep_their_chairs(stage):
    open_salon(stage.database, "anna")
    await book(stage, replace(SOMEBODY_ELSE, start="2026-12-02T10:30"))
    stage.calcom.entries.clear()
    stage.calcom.minutes = 45

    appointment = await book(stage)

    assert appointment.end - appointment.start == timedelta(minutes=30)
    assert states(stage) == [State.CONFIRMED, State.CONFIRMED]


async def test_the_offering_says_how_long_the_chair_is_held(stage):
    appointment = await book(stage)

    assert (appointment.end - appointment.start).total_seconds() == an_offering("anna").minutes * 60
    assert stage.clock.now() == NOW


class OvertakenDuringTheCall:
    """Cal.com, and somebody who writes about the appointment while it thinks."""

    def __init__(self, stage: Stage, *steps: State) -> None:
        self._stage = stage
        self._steps = steps

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        seen: Appointment | None = appointment
        for state in self._steps:
            assert seen is not None
            async with self._stage.database.begin(SALON.id) as stores:
                uid = "uid-1" if state is State.CONFIRMED else None
                seen = await stores.appointments.settle(seen, state, calcom_uid=uid)
        return await self._stage.calcom.create(tenant, appointment)


async def overtaken(stage: Stage, *steps: State) -> Appointment:
    orchestrator = asking(stage, calcom=OvertakenDuringTheCall(stage, *steps))
    return await orchestrator.book(SALON, a_request(), an_origin())


@pytest.mark.parametrize("steps", [(State.UNKNOWN,), (State.UNKNOWN, State.CREATING), (State.CONFIRMED,)])
async def test_a_late_confirm_counts_whatever_was_thought_meanwhile(stage, steps):
    appointment = await overtaken(stage, *steps)

    assert appointment.state is State.CONFIRMED
    assert states(stage) == [State.CONFIRMED]
    assert attempts(stage, "confirmed", "none") == 1


@pytest.mark.parametrize("error", [CalcomUnavailable(), CalcomOutcomeUnknown(), SlotTaken(), CalcomRejected()])
async def test_a_late_failure_takes_nothing_back_that_was_confirmed_meanwhile(stage, error):
    stage.calcom.error = error

    appointment = await overtaken(stage, State.CONFIRMED)

    assert (appointment.state, appointment.calcom_uid) == (State.CONFIRMED, "uid-1")
    assert states(stage) == [State.CONFIRMED]
    assert stage.database.rows.jobs == []


async def test_a_late_refusal_leaves_to_the_job_what_the_job_has_taken_over(stage):
    stage.calcom.error = SlotTaken()

    appointment = await overtaken(stage, State.UNKNOWN)

    assert appointment.state is State.UNKNOWN
    assert states(stage) == [State.UNKNOWN]


async def test_a_late_confirm_resurrects_nothing_that_has_ended(stage):
    with pytest.raises(CalledOff):
        await overtaken(stage, State.CANCELLED)

    assert states(stage) == [State.CANCELLED]
    assert stage.database.rows.undoings == [(SALON.id, "uid-1", ASTRAY)]


async def test_a_booking_made_twice_is_undone_once(stage):
    stage.calcom.entries["uid-0"] = Entry(CalcomBooking("uid-0"), an_id("elsewhere"), an_id("nobody"), NOW, NOW)

    appointment = await overtaken(stage, State.CONFIRMED)

    assert appointment.calcom_uid == "uid-1"
    assert stage.database.rows.undoings == [(SALON.id, "uid-2", ASTRAY)]


async def test_what_is_called_off_in_the_making_is_left_to_the_cancellation(stage):
    with pytest.raises(CalledOff):
        await overtaken(stage, State.CANCELLING)

    assert states(stage) == [State.CANCELLING]
    assert stage.database.rows.undoings == []


async def test_what_the_salon_must_accept_is_not_called_confirmed(stage):
    open_salon(stage.database, "anna")
    stage.calcom.status = CalcomStatus.PENDING

    appointment = await book(stage)

    assert (appointment.state, appointment.calcom_uid) == (State.PENDING, "uid-1")
    assert stage.database.rows.jobs == [(SALON.id, appointment.id)]
    assert attempts(stage, "queued", "none") == 1
    assert await book(stage) == appointment
    with pytest.raises(SlotTaken):
        await book(stage, SOMEBODY_ELSE)
