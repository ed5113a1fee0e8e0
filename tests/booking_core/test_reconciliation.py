"""Both worlds are brought together: seen twice, looked at again, within the day's cap, and strangers never touched."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from booking_core.app import assemble, reconciliation
from booking_core.domain.discrepancies import Kind, Outcome, Window
from booking_core.domain.errors import CalcomUnavailable
from booking_core.domain.models import Appointment, Customer, State
from booking_core.domain.ports import CalcomStatus
from booking_core.services.comparison import OVERLAP, PAGE
from booking_core.services.reconciliation import Reconciliation, Report
from tests.booking_core.conftest import Stage
from tests.factories import (
    NOW,
    OTHER_SALON,
    SALON,
    a_request,
    a_wish,
    an_id,
    an_offering,
    an_origin,
)

HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def reconciler(stage: Stage) -> Reconciliation:
    return reconciliation(stage.world, stage.core, stuck_seconds=900, changes_a_day=20)


async def book(stage: Stage, start: str = "2026-12-02T10:00", staff: str = "anna") -> Appointment:
    """Book through the core; both worlds agree, and the booking is old enough to be judged."""
    wish = a_wish(email="erika@example.org")
    return await stage.core.orchestrator.book(SALON, a_request(start=start, staff=staff, wish=wish), an_origin())


def put(stage: Stage, appointment: Appointment, **changes) -> None:
    """Change our row behind everybody's back."""
    stage.database.rows.appointments[appointment.id] = replace(row(stage, appointment), **changes)


def row(stage: Stage, appointment: Appointment) -> Appointment:
    return stage.database.rows.appointments[appointment.id]


async def twice(stage: Stage, reconciler: Reconciliation) -> Report:
    """Run, wait for the next run, and return what that came to."""
    await reconciler.run(SALON)
    stage.clock.advance(300)
    return await reconciler.run(SALON)


def outcomes(report: Report) -> list[tuple[Kind, Outcome]]:
    return [(line.finding.kind, line.outcome) for line in report.lines]


async def test_worlds_that_agree_are_left_alone(stage, reconciler):
    await book(stage)

    report = await twice(stage, reconciler)

    assert (report.here, report.there, report.lines) == (1, 1, [])
    assert report.is_agreed


async def test_an_orphan_there_is_cancelled_at_its_second_sighting_and_not_before(stage, reconciler):
    appointment = await book(stage)
    put(stage, appointment, state=State.FAILED)

    first = await reconciler.run(SALON)
    assert outcomes(first) == [(Kind.ORPHAN_THERE, Outcome.WAITING)]
    assert stage.calcom.cancelled == []

    stage.clock.advance(60)
    second = await reconciler.run(SALON)
    assert outcomes(second) == [(Kind.ORPHAN_THERE, Outcome.CANCELLED_THERE)]
    assert stage.calcom.cancelled == [appointment.calcom_uid]
    assert stage.count("booking_inconsistencies_total", kind="orphan_there", action="cancelled_there") == 1


async def test_two_runs_within_the_grace_count_as_one_look(stage, reconciler):
    put(stage, await book(stage), state=State.FAILED)

    await reconciler.run(SALON)
    stage.clock.advance(59)

    assert outcomes(await reconciler.run(SALON)) == [(Kind.ORPHAN_THERE, Outcome.WAITING)]
    assert stage.calcom.cancelled == []


async def test_what_is_put_right_is_done_once_and_then_resolved(stage, reconciler):
    put(stage, await book(stage), state=State.FAILED)
    await twice(stage, reconciler)

    for _ in range(3):
        stage.clock.advance(300)
        assert (await reconciler.run(SALON)).lines == []

    assert len(stage.calcom.cancelled) == 1
    assert stage.database.rows.inconsistencies == {}
    ((_, resolved, _),) = stage.database.rows.resolved
    assert resolved.outcome is Outcome.CANCELLED_THERE


async def test_an_appointment_that_the_salon_cancelled_there_ends_here_too_and_the_customer_is_told_once(
    stage, reconciler
):
    appointment = await book(stage)
    await stage.core.bus.drain()
    stage.mailer.letters.clear()
    stage.calcom.decide(appointment.calcom_uid, CalcomStatus.CANCELLED)

    report = await twice(stage, reconciler)
    for _ in range(3):
        stage.clock.advance(300)
        await reconciler.run(SALON)
    await stage.core.bus.drain()

    assert outcomes(report) == [(Kind.ORPHAN_HERE, Outcome.CANCELLED_HERE)]
    assert row(stage, appointment).state is State.CANCELLED
    assert ["has been cancelled" in letter.text for letter in stage.mailer.letters] == [True]


async def test_an_appointment_that_is_absent_there_is_made_again(stage, reconciler):
    appointment = await book(stage)
    stage.calcom.entries.clear()
    stage.clock.advance(86400 / 4)

    report = await twice(stage, reconciler)
    assert outcomes(report) == [(Kind.ORPHAN_HERE, Outcome.MAKING_AGAIN)]
    assert row(stage, appointment).state is State.UNKNOWN

    for tries in range(9):
        seconds = await stage.core.settlement.settle(SALON.id, appointment.id, tries=tries)
        if seconds is None:
            break
        stage.clock.advance(seconds)
    assert row(stage, appointment).state is State.CONFIRMED
    assert [each.made_for for each in stage.calcom.live] == [appointment.id]


async def test_a_list_that_lags_leads_to_nothing_because_each_booking_is_looked_at_by_itself(stage, reconciler):
    appointment = await book(stage)
    stage.calcom.hides = True

    report = await twice(stage, reconciler)

    assert outcomes(report) == [(Kind.ORPHAN_HERE, Outcome.GONE)]
    assert row(stage, appointment).state is State.CONFIRMED
    assert row(stage, appointment).calcom_uid == appointment.calcom_uid
    assert stage.database.rows.jobs == []


async def test_an_appointment_that_the_salon_moved_there_moves_here(stage, reconciler):
    appointment = await book(stage)
    later = appointment.start + 2 * HALF_AN_HOUR
    moved = await stage.calcom.reschedule(SALON, appointment.calcom_uid, later, reason="by hand")

    report = await twice(stage, reconciler)

    assert outcomes(report) == [(Kind.MISMATCH, Outcome.ADOPTED)]
    assert stage.count("booking_events_total", event="AppointmentMoved") == 1
    now = row(stage, appointment)
    assert (now.state, now.start, now.end, now.calcom_uid) == (
        State.CONFIRMED,
        later,
        later + HALF_AN_HOUR,
        moved.uid,
    )
    stage.clock.advance(300)
    assert (await reconciler.run(SALON)).is_agreed


async def test_a_move_onto_an_occupied_chair_is_left_to_a_person(stage, reconciler):
    appointment = await book(stage)
    later = appointment.start + 2 * HALF_AN_HOUR
    await stage.calcom.reschedule(SALON, appointment.calcom_uid, later, reason="by hand")
    blocker = replace(appointment, id=an_id("blocker"), key=an_id("other"), start=later, end=later + HALF_AN_HOUR)
    stage.database.rows.appointments[blocker.id] = replace(blocker, state=State.CREATING, asked_at=stage.clock.now())

    report = await twice(stage, reconciler)

    assert outcomes(report) == [(Kind.MISMATCH, Outcome.LEFT_TO_A_PERSON)]
    assert row(stage, appointment).start == appointment.start


async def test_a_service_that_the_salon_changed_there_is_left_to_a_person(stage, reconciler):
    appointment = await book(stage)
    entry = stage.calcom.entries[appointment.calcom_uid]
    stage.calcom.entries[appointment.calcom_uid] = replace(entry, event_type_id=9999)

    assert outcomes(await twice(stage, reconciler)) == [(Kind.MISMATCH, Outcome.LEFT_TO_A_PERSON)]
    assert row(stage, appointment).offering == appointment.offering


async def test_what_is_stuck_is_put_back_into_the_queue(stage, reconciler):
    stage.calcom.error = CalcomUnavailable()
    appointment = await book(stage)
    stage.calcom.error = None
    stage.database.rows.jobs.clear()
    stage.clock.advance(900)

    report = await twice(stage, reconciler)

    assert outcomes(report) == [(Kind.STUCK, Outcome.SETTLING)]
    assert stage.database.rows.jobs == [(SALON.id, appointment.id)]


async def test_a_booking_of_ours_without_a_row_is_reported_and_not_touched(stage, reconciler):
    appointment = await book(stage)
    del stage.database.rows.appointments[appointment.id]

    assert outcomes(await twice(stage, reconciler)) == [(Kind.ORPHAN_THERE, Outcome.LEFT_TO_A_PERSON)]
    assert stage.calcom.cancelled == []


async def test_an_orphan_that_became_wanted_between_the_list_and_the_act_is_not_cancelled(stage, reconciler):
    appointment = await book(stage)
    put(stage, appointment, state=State.FAILED)
    await reconciler.run(SALON)
    stage.clock.advance(300)
    compared = await reconciler.worlds.compare(SALON, now=stage.clock.now(), asked=None)
    put(stage, appointment, state=State.CREATING)

    assert await reconciler.remedies.apply(SALON, compared.findings[0]) is Outcome.GONE
    assert stage.calcom.cancelled == []


async def test_a_second_booking_of_one_appointment_is_cancelled_and_the_first_stays(stage, reconciler):
    appointment = await book(stage)
    first = stage.calcom.entries[appointment.calcom_uid]
    second = replace(first, booking=replace(first.booking, uid="uid-doubled"))
    stage.calcom.entries["uid-doubled"] = second

    report = await twice(stage, reconciler)

    assert outcomes(report) == [(Kind.ORPHAN_THERE, Outcome.CANCELLED_THERE)]
    assert stage.calcom.cancelled == ["uid-doubled"]


async def test_foreign_bookings_are_counted_and_never_touched(stage, reconciler):
    start = NOW + timedelta(days=1)
    stage.calcom.occupy(an_offering("anna"), start, start + HALF_AN_HOUR, stranger=an_id("stranger"))

    report = await twice(stage, reconciler)

    assert (report.foreign, report.lines) == (1, [])
    assert stage.calcom.cancelled == []


async def test_what_others_booked_past_us_is_known_as_taken_until_it_ends(stage, reconciler):
    offering, start = an_offering("anna"), NOW + timedelta(days=1)
    stage.calcom.occupy(offering, start, start + HALF_AN_HOUR, stranger=an_id("stranger"))
    entry = stage.calcom.entries["uid-1"]
    stage.calcom.entries["uid-1"] = replace(entry, host="anna")

    async def taken():
        async with stage.database.begin(SALON.id) as stores:
            return await stores.calcom_bookings.taken(SALON.id, [offering.staff_id], start, start + HALF_AN_HOUR)

    await reconciler.run(SALON)
    assert await taken() == [(offering.staff_id, start, start + HALF_AN_HOUR)]

    stage.calcom.decide("uid-1", CalcomStatus.CANCELLED)
    await reconciler.run(SALON)
    assert await taken() == []


async def test_a_dry_run_says_what_it_would_do_and_remembers_nothing(stage, reconciler):
    put(stage, await book(stage), state=State.FAILED)

    for _ in range(3):
        report = await reconciler.run(SALON, dry=True)
        stage.clock.advance(300)

    assert outcomes(report) == [(Kind.ORPHAN_THERE, Outcome.WOULD_ACT)]
    assert stage.database.rows.inconsistencies == {}
    assert stage.database.rows.runs == []
    assert stage.calcom.cancelled == []


async def test_worlds_that_cannot_be_compared_are_not_touched_and_the_run_says_why(stage, reconciler):
    put(stage, await book(stage), state=State.FAILED)
    await reconciler.run(SALON)
    stage.clock.advance(300)
    stage.calcom.error = CalcomUnavailable()

    with pytest.raises(CalcomUnavailable):
        await reconciler.run(SALON)

    assert stage.database.rows.runs[-1].error == "calcom_unavailable"
    assert len(stage.database.rows.inconsistencies) == 1


class SilentCalcom:
    """Does not answer when one booking is looked at."""

    async def get(self, tenant, uid):
        raise CalcomUnavailable


async def test_what_fails_is_tried_again_in_the_next_run(stage, reconciler):
    put(stage, await book(stage), state=State.FAILED)
    silent = replace(reconciler, remedies=replace(reconciler.remedies, calcom=SilentCalcom()))
    assert outcomes(await twice(stage, silent)) == [(Kind.ORPHAN_THERE, Outcome.FAILED)]
    stage.clock.advance(300)

    assert outcomes(await reconciler.run(SALON)) == [(Kind.ORPHAN_THERE, Outcome.CANCELLED_THERE)]


async def test_what_cal_com_does_not_let_us_cancel_is_left_to_a_person(stage, reconciler):
    put(stage, await book(stage), state=State.FAILED)
    stage.calcom.refuses_cancelling = True

    assert outcomes(await twice(stage, reconciler)) == [(Kind.ORPHAN_THERE, Outcome.LEFT_TO_A_PERSON)]


@pytest.mark.parametrize("state", [State.CREATING, State.UNKNOWN, State.QUEUED, State.PENDING, State.CANCELLING])
async def test_while_a_saga_of_ours_lives_nothing_there_is_cancelled(stage, reconciler, state):
    put(stage, await book(stage), state=state)

    await twice(stage, reconciler)

    assert stage.calcom.cancelled == []


async def test_a_narrow_window_finds_what_starts_in_it_and_forgets_nothing_outside(stage, reconciler):
    put(stage, await book(stage, "2026-12-02T10:00"), state=State.FAILED)
    put(stage, await book(stage, "2026-12-03T10:00"), state=State.FAILED)
    await reconciler.run(SALON)
    stage.clock.advance(300)

    day = Window(datetime(2026, 12, 2, tzinfo=UTC), datetime(2026, 12, 3, tzinfo=UTC))
    report = await reconciler.run(SALON, window=day)

    assert outcomes(report) == [(Kind.ORPHAN_THERE, Outcome.CANCELLED_THERE)]
    assert len(stage.database.rows.inconsistencies) == 2


async def test_the_days_cap_holds_and_a_new_day_has_a_new_one(stage):
    reconciler = reconciliation(stage.world, stage.core, stuck_seconds=900, changes_a_day=3)
    for hour in range(8, 13):
        put(stage, await book(stage, f"2026-12-04T{hour:02}:00"), state=State.FAILED)

    report = await twice(stage, reconciler)
    assert Counter(outcome for _, outcome in outcomes(report)) == {Outcome.CANCELLED_THERE: 3, Outcome.CAPPED: 2}

    for _ in range(3):
        stage.clock.advance(3600)
        await reconciler.run(SALON)
    assert len(stage.calcom.cancelled) == 3

    stage.clock.advance(86400)
    await twice(stage, reconciler)
    assert len(stage.calcom.cancelled) == 5


async def test_two_runs_at_once_keep_the_days_cap_and_touch_nothing_twice(stage):
    class Slow:
        """Lets the other run go on before it cancels."""

        def __getattr__(self, name):
            return getattr(stage.calcom, name)

        async def cancel(self, tenant, uid, *, reason):
            await asyncio.sleep(0)
            await stage.calcom.cancel(tenant, uid, reason=reason)

    world = replace(stage.world, calcom=Slow())
    core = assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0)
    reconciler = reconciliation(world, core, stuck_seconds=900, changes_a_day=3)
    for hour in range(8, 13):
        put(stage, await book(stage, f"2026-12-04T{hour:02}:00"), state=State.FAILED)
    await reconciler.run(SALON)
    stage.clock.advance(300)

    await asyncio.gather(reconciler.run(SALON), reconciler.run(SALON))

    assert len(stage.calcom.cancelled) == len(set(stage.calcom.cancelled)) == 3


class ShiftingCalcom:
    """A list from which the first row vanishes after every page, as when somebody's booking ages out of it."""

    def __init__(self, calcom) -> None:
        self._calcom = calcom
        self.shift = 0

    async def listed(self, tenant, listing, *, skip, take):
        page = await self._calcom.listed(tenant, listing, skip=skip + self.shift, take=take)
        self.shift += OVERLAP
        return page


async def test_rows_that_shift_between_two_pages_are_not_missed(stage, reconciler):
    for number in range(3 * PAGE):
        fill(stage, number, "whole")
    worlds = replace(reconciler.worlds, calcom=ShiftingCalcom(stage.calcom))

    compared = await worlds.compare(SALON, now=stage.clock.now(), asked=None)

    assert compared.there == 3 * PAGE
    assert compared.findings == []


# What became of each of a thousand appointments, by its number; and what exactly is to be done about each.
EXPECTED = {
    "whole": None,
    "orphan_there": Outcome.CANCELLED_THERE,
    "cancelled_there": Outcome.CANCELLED_HERE,
    "absent_there": Outcome.MAKING_AGAIN,
    "moved_there": Outcome.ADOPTED,
    "doubled_there": Outcome.CANCELLED_THERE,
    "stuck": Outcome.SETTLING,
    "forgotten_here": Outcome.LEFT_TO_A_PERSON,
    "in_flight": None,
    "young_there": None,
    "cancelled_in_both": None,
    "foreign": None,
    "other_tenants": None,
}


def fill(stage: Stage, number: int, fate: str) -> Appointment | None:
    """Put one appointment into both worlds, as its fate has it; each has a day of its own."""
    start = NOW.replace(hour=9) + timedelta(days=1 + number // 20, minutes=30 * (number % 20))
    offering = an_offering("anna")
    if fate == "foreign":
        stage.calcom.occupy(offering, start, start + HALF_AN_HOUR, stranger=an_id(f"stranger {number}"))
        return None
    appointment = Appointment(
        id=an_id(f"{fate} {number}"),
        tenant_id=SALON.id,
        offering=offering,
        customer=Customer(an_id("customer"), "+4930901820", "Erika", None),
        start=start,
        end=start + HALF_AN_HOUR,
        origin=an_origin(),
        state=State.CONFIRMED,
        key=an_id(f"wish {number}"),
        asked_at=NOW - timedelta(hours=2),
        calcom_uid=f"uid-lost-{number}",
    )
    if fate not in ("absent_there", "stuck", "in_flight"):
        tenant_id = OTHER_SALON.id if fate == "other_tenants" else SALON.id
        made = stage.calcom.enter(appointment.id, offering.staff_id, start, appointment.end, tenant_id=tenant_id)
        appointment = replace(appointment, calcom_uid=made.uid)
    spoil(stage, appointment, fate)
    return appointment


def spoil(stage: Stage, appointment: Appointment, fate: str) -> None:
    rows, entries, uid = stage.database.rows.appointments, stage.calcom.entries, appointment.calcom_uid
    states = {
        "orphan_there": State.FAILED,
        "young_there": State.FAILED,
        "stuck": State.UNKNOWN,
        "in_flight": State.CREATING,
        "cancelled_in_both": State.CANCELLED,
    }
    kept = replace(appointment, state=states.get(fate, State.CONFIRMED))
    if fate in ("stuck", "in_flight"):
        kept = replace(kept, calcom_uid=None)
    if fate == "in_flight":
        kept = replace(kept, asked_at=NOW)
    if fate not in ("forgotten_here", "other_tenants"):
        rows[kept.id] = kept
    if fate in ("cancelled_there", "cancelled_in_both"):
        stage.calcom.decide(uid, CalcomStatus.CANCELLED)
    if fate == "moved_there":
        entries[uid] = replace(entries[uid], event_type_id=1001, end=appointment.end - timedelta(minutes=5))
    if fate == "young_there":
        entries[uid] = replace(entries[uid], made_at=NOW + timedelta(seconds=300))
    if fate == "doubled_there":
        first = entries[uid]
        doubled = f"uid-{len(entries) + 1}"
        entries[doubled] = replace(first, booking=replace(first.booking, uid=doubled))


async def test_of_a_thousand_mixed_bookings_exactly_the_differing_are_touched_and_each_in_its_way(stage):
    reconciler = reconciliation(stage.world, stage.core, stuck_seconds=900, changes_a_day=1000)
    fates = [name for name, share in SHARES.items() for _ in range(share)]
    placed: dict[UUID, str] = {}
    for number, fate in enumerate(fates):
        appointment = fill(stage, number, fate)
        if appointment is not None:
            placed[appointment.id] = fate
    assert len(fates) == 1000
    living_strangers = [each for each in stage.calcom.live if each.tenant_id != SALON.id]

    report = await twice(stage, reconciler)

    done = Counter((fate_of(line, placed), line.outcome) for line in report.lines)
    assert done == {(fate, outcome): SHARES[fate] for fate, outcome in EXPECTED.items() if outcome is not None}
    assert report.foreign == SHARES["foreign"] + SHARES["other_tenants"]
    assert [each for each in stage.calcom.live if each.tenant_id != SALON.id] == living_strangers
    assert len(stage.calcom.cancelled) == SHARES["orphan_there"] + SHARES["doubled_there"]

    again = await reconciler.run(SALON)
    assert {line.outcome for line in again.lines} <= {Outcome.WAITING}
    assert len(stage.calcom.cancelled) == SHARES["orphan_there"] + SHARES["doubled_there"]


SHARES = {
    "whole": 700,
    "orphan_there": 40,
    "cancelled_there": 35,
    "absent_there": 30,
    "moved_there": 25,
    "doubled_there": 20,
    "stuck": 15,
    "forgotten_here": 10,
    "in_flight": 15,
    "young_there": 10,
    "cancelled_in_both": 30,
    "foreign": 50,
    "other_tenants": 20,
}


def fate_of(line, placed: dict[UUID, str]) -> str:
    finding = line.finding
    appointment_id = finding.appointment.id if finding.appointment else finding.booking.appointment_id
    return placed[appointment_id]
