"""Whatever order, repetition or loss Cal.com's webhooks meet with, the appointment ends where Cal.com has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking_core.domain.models import OCCUPYING, Appointment, State
from booking_core.domain.ports import CalcomBooking, CalcomStatus
from booking_core.domain.webhooks import DeliveryState
from tests.booking_core.conftest import Stage, a_stage
from tests.booking_core.news import marked, tell, told, work_off
from tests.contracts.rows import an_appointment
from tests.factories import SALON, TEN_O_CLOCK, a_request, an_id, an_origin
from tests.fakes.calcom import Entry

ELEVEN = TEN_O_CLOCK + timedelta(hours=1)
NOON = TEN_O_CLOCK + timedelta(hours=2)


@dataclass(frozen=True)
class Row:
    """What an appointment is, however it came to it."""

    state: State
    calcom_uid: str | None
    start: datetime
    staff_id: UUID


def row(stage: Stage, appointment_id: UUID) -> Row:
    now = stage.database.rows.appointments[appointment_id]
    return Row(now.state, now.calcom_uid, now.start, now.offering.staff_id)


async def in_flight(stage: Stage) -> Appointment:
    """An appointment whose create is on its way to Cal.com."""
    appointment = await an_appointment(stage.database)
    stage.database.rows.appointments[appointment.id] = appointment
    return appointment


Event = Callable[[Stage, Appointment], Awaitable[None]]


def webhook(trigger: str, uid: str, start: datetime, **parts: object) -> Event:
    async def happens(stage: Stage, appointment: Appointment) -> None:
        await tell(stage, told(trigger, uid, start=start, metadata=marked(appointment), **parts))  # type: ignore[arg-type]

    return happens


async def response(stage: Stage, appointment: Appointment) -> None:
    """The create is answered at last; whoever asked goes by what they saw when they asked."""
    booking = CalcomBooking("uid-1", CalcomStatus.ACCEPTED, TEN_O_CLOCK)
    await stage.core.settlement.outcomes.made(appointment, booking)


async def look(stage: Stage, appointment: Appointment) -> None:
    """A job looks at a Cal.com whose lists lag: they still show what was made at first."""
    stage.calcom.entries["uid-1"] = Entry(
        CalcomBooking("uid-1", CalcomStatus.ACCEPTED, TEN_O_CLOCK),
        appointment.id,
        appointment.offering.staff_id,
        appointment.start,
        appointment.end,
    )
    await stage.core.settlement.settle(SALON.id, appointment.id, tries=0)


STORY: Mapping[str, Event] = {
    "created": webhook("BOOKING_CREATED", "uid-1", TEN_O_CLOCK),
    "rescheduled": webhook("BOOKING_RESCHEDULED", "uid-2", ELEVEN, former="uid-1", host="ben"),
    "cancelled": webhook("BOOKING_CANCELLED", "uid-2", ELEVEN, host="ben"),
    "response": response,
    "look": look,
}


async def play(stage: Stage, names: Sequence[str], story: Mapping[str, Event] = STORY) -> Row:
    appointment = await in_flight(stage)
    for name in names:
        await story[name](stage, appointment)
    await settle_down(stage, appointment)
    return row(stage, appointment.id)


async def settle_down(stage: Stage, appointment: Appointment) -> None:
    """What had to wait is done: deliveries come again, and so do jobs."""
    for _ in range(10):
        await work_off(stage)
        stage.clock.advance(30)


async def ends(story: Mapping[str, Event]) -> set[Row]:
    """Return every end that the events of a story come to, in whatever order they happen."""
    seen = set()
    for order in permutations(story):
        stage = a_stage()
        seen.add(await play(stage, order, story))
        assert {each.state for each in stage.database.rows.deliveries.values()} == {DeliveryState.PROCESSED}
    return seen


async def test_every_order_of_five_events_ends_in_the_same_row():
    assert await ends(STORY) == {Row(State.CANCELLED, "uid-2", ELEVEN, an_id("ben"))}


async def test_every_order_without_the_cancellation_ends_where_it_was_moved():
    moved = {name: event for name, event in STORY.items() if name != "cancelled"}

    assert await ends(moved) == {Row(State.CONFIRMED, "uid-2", ELEVEN, an_id("ben"))}


@settings(max_examples=30)
@given(order=st.lists(st.sampled_from(sorted(STORY)), max_size=12), rest=st.permutations(sorted(STORY)))
def test_repetitions_anywhere_make_no_difference(order, rest):
    assert asyncio.run(play(a_stage(), [*order, *rest])) == Row(State.CANCELLED, "uid-2", ELEVEN, an_id("ben"))


MOVED_TWICE: Mapping[str, Event] = {
    "created": webhook("BOOKING_CREATED", "uid-1", TEN_O_CLOCK),
    "moved": webhook("BOOKING_RESCHEDULED", "uid-2", ELEVEN, former="uid-1"),
    "moved again": webhook("BOOKING_RESCHEDULED", "uid-3", NOON, former="uid-2", former_start=ELEVEN),
    "response": response,
    "look": look,
}


async def test_two_moves_in_any_order_end_at_the_second():
    assert await ends(MOVED_TWICE) == {Row(State.CONFIRMED, "uid-3", NOON, an_id("anna"))}


OURS: Mapping[str, Event] = {
    "created": webhook("BOOKING_CREATED", "uid-1", TEN_O_CLOCK),
    "moved": webhook("BOOKING_RESCHEDULED", "uid-2", ELEVEN, former="uid-1"),
    "moved again": webhook("BOOKING_RESCHEDULED", "uid-3", NOON, former="uid-2", former_start=ELEVEN),
}


@pytest.mark.parametrize("order", [each for n in (1, 2, 3) for each in permutations(OURS, n)], ids="-".join)
async def test_what_the_customer_moved_twice_stays_there_whichever_webhooks_of_it_come_late_or_never(stage, order):
    booked = await stage.core.orchestrator.book(SALON, a_request(staff="anna"), an_origin())
    await stage.core.rescheduling.move(SALON, booked.id, "2026-12-02T11:00", an_origin())
    moved = await stage.core.rescheduling.move(SALON, booked.id, "2026-12-02T12:00", an_origin())

    for name in order:
        await OURS[name](stage, booked)
    await settle_down(stage, booked)

    assert row(stage, moved.id) == Row(State.CONFIRMED, "uid-3", NOON, an_id("anna"))


ACCEPTED: Mapping[str, Event] = {
    "requested": webhook("BOOKING_REQUESTED", "uid-1", TEN_O_CLOCK),
    "accepted": webhook("BOOKING_CREATED", "uid-1", TEN_O_CLOCK),
    "response": response,
}
DECLINED: Mapping[str, Event] = {
    "requested": webhook("BOOKING_REQUESTED", "uid-1", TEN_O_CLOCK),
    "rejected": webhook("BOOKING_REJECTED", "uid-1", TEN_O_CLOCK),
}


async def test_what_the_salon_accepts_is_confirmed_in_any_order():
    assert await ends(ACCEPTED) == {Row(State.CONFIRMED, "uid-1", TEN_O_CLOCK, an_id("anna"))}


@pytest.mark.parametrize("order", list(permutations(DECLINED)), ids="-".join)
async def test_what_the_salon_declines_frees_the_chair_in_any_order(stage, order):
    appointment = await in_flight(stage)
    await stage.core.settlement.outcomes.record(appointment, State.UNKNOWN)
    for name in order:
        await DECLINED[name](stage, appointment)

    assert row(stage, appointment.id).state not in OCCUPYING


@pytest.mark.parametrize(
    ("there", "here"),
    [(CalcomStatus.ACCEPTED, State.CONFIRMED), (CalcomStatus.PENDING, State.PENDING), (None, State.CONFIRMED)],
)
async def test_without_a_single_webhook_polling_comes_to_the_same(stage, there, here):
    """The answer is lost, and so is every webhook; `None`: the request was, too, and the booking has to be made."""
    appointment = await in_flight(stage)
    await stage.core.settlement.outcomes.record(appointment, State.UNKNOWN)
    if there is not None:
        await look_alike(stage, appointment, there)

    for tries in range(10):
        if await stage.core.settlement.settle(SALON.id, appointment.id, tries=tries) is None:
            break
        stage.clock.advance(30)

    assert row(stage, appointment.id).state is here
    assert len(stage.calcom.live) == 1
    assert stage.database.rows.deliveries == {}


async def look_alike(stage: Stage, appointment: Appointment, status: CalcomStatus) -> None:
    await stage.calcom.create(SALON, appointment)
    entry = stage.calcom.entries["uid-1"]
    stage.calcom.entries["uid-1"] = replace(entry, booking=replace(entry.booking, status=status))
