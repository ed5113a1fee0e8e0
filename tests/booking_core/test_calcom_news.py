"""An appointment follows what Cal.com tells of it: confirmed, moved or called off, and never back to life."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from booking_core.adapters import calcom_webhooks
from booking_core.domain.errors import BookingError, CalcomOutcomeUnknown, CalcomUnavailable, CalledOff, SlotTaken
from booking_core.domain.models import Appointment, AvailabilityRequest, BookingRequest, State, Tenant, Traffic
from booking_core.domain.ports import CalcomBooking, CalcomStatus
from booking_core.domain.webhooks import DeliveryState, Result
from booking_core.services.calendar import Calendar
from booking_core.services.inbox import ATTEMPTS
from tests.booking_core.conftest import Stage
from tests.booking_core.news import marked, newest, tell, told, work_off
from tests.factories import OTHER_SALON, SALON, TEN_O_CLOCK, TEN_O_CLOCK_LOCAL, a_request, a_wish, an_id, an_origin

ELEVEN = TEN_O_CLOCK + timedelta(hours=1)


async def booked(stage: Stage, error: BookingError | None = None, *, traffic: Traffic = Traffic.REAL) -> Appointment:
    """Book while Cal.com fails in this way, or does not fail at all; afterwards it works."""
    stage.calcom.error = error
    wish = a_request(wish=a_wish(email="erika@example.org"), staff="anna")
    appointment = await stage.core.orchestrator.book(SALON, wish, an_origin(traffic))
    await stage.core.bus.drain()
    stage.mailer.letters.clear()
    stage.calcom.error = None
    return appointment


def now(stage: Stage, appointment: Appointment) -> Appointment:
    return stage.database.rows.appointments[appointment.id]


async def letters(stage: Stage) -> list[str]:
    await stage.core.bus.drain()
    return [letter.message_id.split(".")[1].split("@")[0] for letter in stage.mailer.letters]


def attempts(stage: Stage, outcome: str, reason: str = "none") -> float:
    return stage.count("booking_attempts_total", outcome=outcome, reason=reason, channel="voice", traffic="real")


@pytest.mark.parametrize("error", [CalcomOutcomeUnknown(), CalcomUnavailable()])
async def test_a_booking_whose_answer_was_lost_is_confirmed_by_the_webhook(stage, error):
    appointment = await booked(stage, error)

    await tell(stage, told("BOOKING_CREATED", metadata=marked(appointment)))

    assert (now(stage, appointment).state, now(stage, appointment).calcom_uid) == (State.CONFIRMED, "uid-1")
    assert newest(stage).result is Result.APPLIED
    assert await letters(stage) == ["confirmed"]
    assert await stage.core.settlement.settle(SALON.id, appointment.id, tries=0) is None
    assert stage.calcom.created == []


class ToldDuringTheCall:
    """Cal.com as it is: it tells us of the booking, and then answers, or fails to."""

    def __init__(self, stage: Stage, error: BookingError | None = None, *, of: str = "BOOKING_CREATED") -> None:
        self._stage = stage
        self._error = error
        self._of = of

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        created = await self._stage.calcom.create(tenant, appointment)
        await tell(self._stage, told(self._of, created.uid, metadata=marked(appointment)))
        if self._error is not None:
            raise self._error
        return created


async def book(stage: Stage, calcom: ToldDuringTheCall, request: BookingRequest) -> Appointment:
    making = replace(stage.core.orchestrator.making, calendar=Calendar(calcom))
    return await replace(stage.core.orchestrator, making=making).book(SALON, request, an_origin())


async def test_webhook_before_response_is_the_normal_order_and_the_response_changes_nothing(stage):
    request = a_request(wish=a_wish(email="erika@example.org"))

    appointment = await book(stage, ToldDuringTheCall(stage), request)

    assert now(stage, appointment) == appointment
    assert (appointment.state, appointment.calcom_uid) == (State.CONFIRMED, "uid-1")
    assert attempts(stage, "confirmed") == 1
    assert await letters(stage) == ["confirmed"]


@pytest.mark.parametrize("error", [CalcomOutcomeUnknown(), SlotTaken(), CalcomUnavailable()])
async def test_a_caller_whose_booking_was_told_of_hears_that_it_is_confirmed_though_the_answer_is_lost(stage, error):
    appointment = await book(stage, ToldDuringTheCall(stage, error), a_request())

    assert appointment.state is State.CONFIRMED
    assert attempts(stage, "confirmed") == 1


async def test_what_is_cancelled_while_it_is_being_booked_is_cancelled_once_the_caller_has_an_answer(stage):
    request = a_request(wish=a_wish(email="erika@example.org"))
    appointment = await book(stage, ToldDuringTheCall(stage, of="BOOKING_CANCELLED"), request)

    await work_off(stage)

    assert now(stage, appointment).state is State.CANCELLED
    assert await letters(stage) == ["cancelled"]


async def test_a_caller_is_not_told_that_a_booking_stands_which_was_cancelled_while_it_was_being_booked(stage):
    class Cancelled(ToldDuringTheCall):
        async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
            created = await super().create(tenant, appointment)
            await tell(stage, told("BOOKING_CANCELLED", created.uid, metadata=marked(appointment)))
            return created

    with pytest.raises(CalledOff):
        await book(stage, Cancelled(stage), a_request())


@pytest.mark.parametrize("trigger", ["BOOKING_CANCELLED", "BOOKING_REJECTED"])
async def test_what_the_salon_cancels_frees_the_chair_and_the_customer_is_told_once(stage, trigger):
    appointment = await booked(stage)

    await tell(stage, told(trigger, metadata=marked(appointment)), told(trigger, host="ben"))

    assert now(stage, appointment).state is State.CANCELLED
    assert await letters(stage) == ["cancelled"]
    assert newest(stage).result is Result.UNCHANGED
    stage.calcom.decide("uid-1", CalcomStatus.CANCELLED)
    assert (await stage.core.orchestrator.book(SALON, a_request(staff="anna"), an_origin())).id != appointment.id


async def test_what_we_cancelled_ourselves_is_no_news(stage):
    appointment = await booked(stage)
    await stage.core.cancellation.cancel(SALON, appointment.id, reason="ill")

    await tell(stage, told("BOOKING_CANCELLED", metadata=marked(appointment)))

    assert newest(stage).result is Result.UNCHANGED
    assert await letters(stage) == ["called-off"]


async def test_a_cancellation_of_ours_whose_answer_was_lost_is_finished_by_the_webhook(stage):
    appointment = await booked(stage)
    stage.calcom.error = CalcomOutcomeUnknown()
    await stage.core.cancellation.cancel(SALON, appointment.id, reason="ill")
    assert now(stage, appointment).state is State.CANCELLING

    await tell(stage, told("BOOKING_CREATED", metadata=marked(appointment)))
    assert now(stage, appointment).state is State.CANCELLING

    await tell(stage, told("BOOKING_CANCELLED", metadata=marked(appointment)))
    assert now(stage, appointment).state is State.CANCELLED
    assert await letters(stage) == ["called-off"]


@pytest.mark.parametrize(
    ("word", "state", "letter"),
    [
        ("BOOKING_CREATED", State.CONFIRMED, "confirmed"),
        ("BOOKING_REJECTED", State.RELEASED, "not-possible"),
        ("BOOKING_CANCELLED", State.RELEASED, "not-possible"),
    ],
)
async def test_what_the_salon_has_to_accept_waits_for_its_word(stage, word, state, letter):
    appointment = await booked(stage, CalcomOutcomeUnknown())
    await tell(stage, told("BOOKING_REQUESTED", metadata=marked(appointment)))
    assert now(stage, appointment).state is State.PENDING
    assert await letters(stage) == []

    await tell(stage, told(word, metadata=marked(appointment)))

    assert now(stage, appointment).state is state
    assert await letters(stage) == [letter]


async def test_a_booking_that_was_made_again_is_cancelled_with_its_own_cancellation(stage):
    appointment = await booked(stage)
    await tell(stage, told("BOOKING_CREATED", metadata=marked(appointment)))
    stage.database.rows.appointments[appointment.id] = replace(now(stage, appointment), calcom_uid="uid-again")

    await tell(stage, told("BOOKING_CANCELLED", "uid-again", metadata=marked(appointment)))

    assert now(stage, appointment).state is State.CANCELLED


async def test_an_old_webhook_brings_nothing_back(stage):
    appointment = await booked(stage)
    await tell(stage, told("BOOKING_CANCELLED", metadata=marked(appointment)))

    long_ago = stage.clock.now() - timedelta(days=90)
    await tell(stage, told("BOOKING_CREATED", metadata=marked(appointment), at=long_ago))

    assert now(stage, appointment).state is State.CANCELLED
    assert newest(stage).result is Result.UNCHANGED


async def test_a_signed_cancellation_counts_though_cal_com_still_shows_the_booking(stage):
    appointment = await booked(stage, CalcomOutcomeUnknown())
    stage.calcom.created.append(appointment)
    await tell(stage, told("BOOKING_CANCELLED", metadata=marked(appointment)))

    assert await stage.core.settlement.settle(SALON.id, appointment.id, tries=0) is None

    assert now(stage, appointment).state is State.CANCELLED
    assert await letters(stage) == ["not-possible"]


async def test_what_the_salon_moves_is_moved_here_and_the_customer_is_told(stage):
    appointment = await booked(stage)
    moved = told("BOOKING_RESCHEDULED", "uid-2", start=ELEVEN, former="uid-1", metadata=marked(appointment))

    await tell(stage, moved, moved)

    there = now(stage, appointment)
    assert (there.state, there.calcom_uid, there.start) == (State.CONFIRMED, "uid-2", ELEVEN)
    assert there.end - there.start == appointment.end - appointment.start
    assert await letters(stage) == ["moved"]


async def test_a_move_is_understood_without_our_mark_as_cal_com_may_lose_it(stage):
    appointment = await booked(stage)

    await tell(
        stage,
        told("BOOKING_RESCHEDULED", "uid-2", start=ELEVEN, former="uid-1"),
        told("BOOKING_RESCHEDULED", "uid-3", start=TEN_O_CLOCK, former="uid-2", former_start=ELEVEN),
        told("BOOKING_CANCELLED", "uid-3"),
    )

    there = now(stage, appointment)
    assert (there.state, there.calcom_uid, there.start) == (State.CANCELLED, "uid-3", TEN_O_CLOCK)


async def move(stage: Stage, appointment: Appointment, error: BookingError | None = None) -> Appointment:
    """Move it to eleven through us, while Cal.com does what it is asked and then fails in this way, or not at all."""
    stage.calcom.books_unseen, stage.calcom.error = True, error
    moved = await stage.core.rescheduling.move(SALON, appointment.id, "2026-12-02T11:00", an_origin())
    stage.calcom.books_unseen, stage.calcom.error = False, None
    await stage.core.bus.drain()
    return moved


def moved_as_told(appointment: Appointment) -> bytes:
    return told("BOOKING_RESCHEDULED", "uid-2", start=ELEVEN, former="uid-1", metadata=marked(appointment))


async def test_a_move_of_our_own_is_no_news(stage):
    appointment = await booked(stage)
    moved = await move(stage, appointment)

    await tell(stage, moved_as_told(appointment))

    assert newest(stage).result is Result.UNCHANGED
    assert (now(stage, moved), now(stage, appointment).state) == (moved, State.MOVED)
    assert await letters(stage) == ["moved"]


async def test_what_the_salon_cancels_after_a_move_of_ours_is_cancelled_at_its_new_time(stage):
    appointment = await booked(stage)
    moved = await move(stage, appointment)

    await tell(stage, told("BOOKING_CANCELLED", "uid-2", start=ELEVEN, metadata=marked(appointment)))

    assert (now(stage, moved).state, now(stage, appointment).state) == (State.CANCELLED, State.MOVED)
    assert await letters(stage) == ["moved", "cancelled"]


async def test_a_move_in_doubt_is_not_decided_by_the_webhook_but_by_asking(stage):
    appointment = await booked(stage)
    moving = await move(stage, appointment, CalcomOutcomeUnknown())

    await tell(stage, moved_as_told(appointment))

    assert newest(stage).result is Result.UNCHANGED
    assert (now(stage, moving).state, now(stage, appointment).state) == (State.UNKNOWN, State.CONFIRMED)
    assert await stage.core.settlement.settle(SALON.id, moving.id, tries=0) is None
    assert (now(stage, moving).state, now(stage, appointment).state) == (State.CONFIRMED, State.MOVED)
    assert await letters(stage) == ["moved"]


async def test_news_of_a_move_waits_until_whoever_moves_it_has_an_answer(stage):
    class ToldDuringTheMove(ToldDuringTheCall):
        async def reschedule(self, tenant: Tenant, uid: str, start: datetime, *, reason: str) -> CalcomBooking:
            moved = await stage.calcom.reschedule(tenant, uid, start, reason=reason)
            await tell(stage, moved_as_told(appointment))
            waiting.append(newest(stage).state)
            return moved

    waiting: list[DeliveryState] = []
    appointment = await booked(stage)
    making = replace(stage.core.rescheduling.making, calendar=Calendar(ToldDuringTheMove(stage)))
    rescheduling = replace(stage.core.rescheduling, making=making)

    moved = await rescheduling.move(SALON, appointment.id, "2026-12-02T11:00", an_origin())
    await work_off(stage)

    assert waiting == [DeliveryState.RECEIVED]
    assert newest(stage).result is Result.UNCHANGED
    assert now(stage, moved) == moved
    assert await letters(stage) == ["moved"]


async def test_a_move_to_a_colleague_takes_the_colleagues_chair(stage):
    appointment = await booked(stage)

    await tell(stage, told("BOOKING_RESCHEDULED", "uid-2", host="ben", former="uid-1", metadata=marked(appointment)))

    assert now(stage, appointment).offering.staff_slug == "ben"


async def test_the_old_time_is_free_after_a_move_and_the_old_wish_can_be_said_again(stage):
    appointment = await booked(stage)
    await tell(stage, told("BOOKING_RESCHEDULED", "uid-2", start=ELEVEN, former="uid-1", metadata=marked(appointment)))

    await stage.calcom.reschedule(SALON, "uid-1", ELEVEN, reason="the salon's own")

    again = await stage.core.orchestrator.book(SALON, a_request(staff="anna"), an_origin())

    assert again.id != appointment.id
    assert again.start == TEN_O_CLOCK


async def test_a_move_onto_a_chair_that_is_held_here_waits_until_that_is_settled(stage):
    appointment = await booked(stage)
    eleven = TEN_O_CLOCK_LOCAL.replace("10:00", "11:00")
    other = a_wish("Max", "+4930901821")
    stage.calcom.error = CalcomOutcomeUnknown()
    in_the_way = await stage.core.orchestrator.book(
        SALON, a_request(start=eleven, staff="anna", wish=other), an_origin()
    )
    stage.calcom.error = None

    await tell(stage, told("BOOKING_RESCHEDULED", "uid-2", start=ELEVEN, former="uid-1", metadata=marked(appointment)))
    assert now(stage, appointment).start == TEN_O_CLOCK
    assert (newest(stage).state, newest(stage).error) == (DeliveryState.RECEIVED, "SlotTaken")

    await tell(stage, told("BOOKING_CANCELLED", "uid-9", metadata=marked(in_the_way)))
    await work_off(stage)
    assert now(stage, appointment).start == ELEVEN


async def test_a_booking_that_others_made_is_imported_and_nothing_happens_to_it(stage):
    await tell(stage, told("BOOKING_CREATED", "walk-in"))

    (known,) = stage.database.rows.calcom_bookings.values()
    assert (known.appointment_id, known.booking.staff_id, known.booking.start) == (None, an_id("anna"), TEN_O_CLOCK)
    assert newest(stage).result is Result.IMPORTED
    assert stage.calcom.cancelled == []


async def test_a_booking_that_bears_our_mark_and_is_not_here_changes_nothing(stage):
    appointment = await booked(stage)
    lost = {**marked(appointment), "bc_booking": str(an_id("lost"))}

    await tell(stage, told("BOOKING_CANCELLED", "uid-7", metadata=lost))

    assert newest(stage).result is Result.UNCHANGED
    assert now(stage, appointment).state is State.CONFIRMED


async def test_a_double_that_cal_com_made_does_not_take_the_appointment_along_when_it_is_cancelled(stage):
    appointment = await booked(stage)

    await tell(stage, told("BOOKING_CREATED", "uid-double", metadata=marked(appointment)))
    await tell(stage, told("BOOKING_CANCELLED", "uid-double", metadata=marked(appointment)))

    assert (now(stage, appointment).state, now(stage, appointment).calcom_uid) == (State.CONFIRMED, "uid-1")


async def test_another_salons_mark_moves_nothing_here(stage):
    appointment = await booked(stage)
    forged = {**marked(appointment), "bc_tenant": str(OTHER_SALON.id)}

    await tell(stage, told("BOOKING_CANCELLED", "uid-9", metadata=forged))

    assert now(stage, appointment).state is State.CONFIRMED


async def test_a_probes_customer_is_never_written_to(stage):
    appointment = await booked(stage, traffic=Traffic.SYNTHETIC)

    await tell(stage, told("BOOKING_CANCELLED", metadata=marked(appointment)))

    assert now(stage, appointment).state is State.CANCELLED
    assert await letters(stage) == []


async def test_a_delivery_that_cannot_be_understood_is_tried_again_and_then_left_to_a_person(stage):
    await tell(stage, told("BOOKING_CREATED").replace(b"2026-12-02T09:00:00.000Z", b"half past nine"))
    for _ in range(ATTEMPTS + 2):
        await work_off(stage)

    delivery = newest(stage)
    assert (delivery.state, delivery.attempts, delivery.error) == (DeliveryState.FAILED, ATTEMPTS, "ValueError")
    assert stage.count("booking_webhooks_total", source="calcom", event="BOOKING_CREATED", result="failed") == 1


async def test_what_was_acted_upon_is_not_acted_upon_again(stage):
    await tell(stage, told("BOOKING_CREATED", "walk-in"))
    delivery = newest(stage)

    await stage.core.inbox.process(SALON.id, delivery.id)

    assert stage.count("booking_webhooks_total", source="calcom", event="BOOKING_CREATED", result="imported") == 1


async def test_a_delivery_whose_job_was_lost_gets_another(stage):
    body = told("BOOKING_CREATED", "walk-in")
    await stage.core.inbox.receive(SALON, calcom_webhooks.notice(body, SALON.id), body, correlation_id="c")
    stage.database.rows.jobs.clear()
    assert await stage.core.inbox.resume() == 0

    stage.clock.advance(121)

    assert await stage.core.inbox.resume() == 1
    assert stage.database.rows.jobs == [(SALON.id, newest(stage).id)]


async def test_a_time_that_others_booked_is_not_offered_and_not_tried_first(stage):
    await tell(stage, told("BOOKING_CREATED", "walk-in"))
    stage.calcom.free = [TEN_O_CLOCK]

    _, slots = await stage.core.slots.find(SALON, AvailabilityRequest("haircut", TEN_O_CLOCK.date()))
    appointment = await stage.core.orchestrator.book(SALON, a_request(), an_origin())

    assert [slot.staff_slug for slot in slots] == ["ben"]
    assert appointment.offering.staff_slug == "ben"


async def test_a_time_that_others_booked_is_still_asked_for_when_the_caller_wants_just_that(stage):
    await tell(stage, told("BOOKING_CREATED", "walk-in"))

    # What we were told may be old: Cal.com has the last word.
    assert (await stage.core.orchestrator.book(SALON, a_request(staff="anna"), an_origin())).state is State.CONFIRMED
