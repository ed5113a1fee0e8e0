"""What reconciliation reads and remembers, held by the fake and by PostgreSQL alike."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from booking_core.domain.discrepancies import (
    LONGEST_REMEDY,
    Claim,
    Finding,
    Kind,
    ListedBooking,
    Outcome,
    Sighting,
    Window,
)
from booking_core.domain.models import Appointment, State
from booking_core.domain.ports import EVERY_TENANT, Database, Run
from tests.contracts.rows import an_appointment, hold, settle
from tests.factories import NOW, OTHER_SALON, SALON, TEN_O_CLOCK, an_offering

LATER = NOW + timedelta(minutes=5)
HALF_AN_HOUR = timedelta(minutes=30)


def orphan(uid: str) -> Finding:
    return Finding(Kind.ORPHAN_THERE, booking=ListedBooking(uid, "accepted", 1001, TEN_O_CLOCK, TEN_O_CLOCK, NOW))


async def sight(
    database: Database, findings: Sequence[Finding], *, at=NOW, is_whole: bool = True, tenant_id: UUID = SALON.id
) -> Sequence[Sighting]:
    async with database.begin(tenant_id) as stores:
        return await stores.inconsistencies.sight(tenant_id, findings, now=at, is_whole=is_whole)


async def still_open(database: Database) -> Sequence[Sighting]:
    async with database.begin(SALON.id) as stores:
        return await stores.inconsistencies.open(SALON.id)


async def test_a_difference_that_is_seen_again_is_the_same_difference(database):
    await sight(database, [orphan("a"), orphan("b")])

    seen = await sight(database, [orphan("b"), orphan("a")], at=LATER)

    assert seen == [
        Sighting(Kind.ORPHAN_THERE, "b", NOW, LATER, sightings=2),
        Sighting(Kind.ORPHAN_THERE, "a", NOW, LATER, sightings=2),
    ]


async def test_a_difference_that_is_not_seen_any_more_is_resolved_and_would_begin_anew(database):
    await sight(database, [orphan("a"), orphan("b")])
    await sight(database, [orphan("b")], at=LATER)

    assert [each.subject for each in await still_open(database)] == ["b"]
    anew = await sight(database, [orphan("a")], at=LATER + HALF_AN_HOUR)
    assert anew == [Sighting(Kind.ORPHAN_THERE, "a", LATER + HALF_AN_HOUR, LATER + HALF_AN_HOUR)]


async def test_a_run_over_a_part_resolves_nothing_and_one_that_finds_nothing_resolves_all(database):
    await sight(database, [orphan("a")])

    await sight(database, [], at=LATER, is_whole=False)
    assert len(await still_open(database)) == 1
    await sight(database, [], at=LATER)
    assert await still_open(database) == []


async def test_another_tenants_differences_are_neither_seen_nor_resolved(database):
    await sight(database, [orphan("a")], tenant_id=OTHER_SALON.id)

    assert await sight(database, [orphan("a")], at=LATER) == [Sighting(Kind.ORPHAN_THERE, "a", LATER, LATER)]


async def claim(database: Database, sighting: Sighting, *, at=NOW, since=NOW, at_most: int = 9) -> Claim:
    async with database.begin(SALON.id) as stores:
        return await stores.inconsistencies.claim(SALON.id, sighting, now=at, since=since, at_most=at_most)


async def act(database: Database, sighting: Sighting, outcome: Outcome, *, at=NOW) -> None:
    async with database.begin(SALON.id) as stores:
        await stores.inconsistencies.acted(SALON.id, sighting, outcome, now=at)


async def test_what_was_done_is_remembered(database):
    (sighting, other) = await sight(database, [orphan("a"), orphan("b")])
    await act(database, sighting, Outcome.CANCELLED_THERE)
    await act(database, other, Outcome.LEFT_TO_A_PERSON)

    (done, left) = await still_open(database)
    assert (done.outcome, done.acted_at) == (Outcome.CANCELLED_THERE, NOW)
    assert left.outcome is Outcome.LEFT_TO_A_PERSON


async def test_so_many_changes_a_day_are_granted_also_to_runs_that_ask_at_once(database):
    seen = await sight(database, [orphan(name) for name in "abcdef"])

    answers = await asyncio.gather(*(claim(database, each, at_most=4) for each in seen))

    assert Counter(answers) == {Claim.GRANTED: 4, Claim.USED_UP: 2}
    assert await claim(database, seen[answers.index(Claim.USED_UP)], at=LATER, since=LATER, at_most=4) is Claim.GRANTED


async def test_of_two_runs_one_may_change_what_both_have_seen(database):
    (seen,) = await sight(database, [orphan("a")])

    answers = await asyncio.gather(claim(database, seen), claim(database, seen))
    assert Counter(answers) == {Claim.GRANTED: 1, Claim.ANOTHERS: 1}

    await act(database, seen, Outcome.GONE, at=LATER)
    assert await claim(database, seen, at=LATER) is Claim.ANOTHERS
    (fresh,) = await still_open(database)
    assert await claim(database, fresh, at=LATER) is Claim.GRANTED


@pytest.mark.parametrize(("outcome", "counts"), [(Outcome.CANCELLED_THERE, True), (Outcome.GONE, False), (None, False)])
async def test_what_was_not_changed_is_given_back(database, outcome, counts):
    (seen, other) = await sight(database, [orphan("a"), orphan("b")])
    await claim(database, seen)
    async with database.begin(SALON.id) as stores:
        if outcome is None:
            await stores.inconsistencies.unclaim(SALON.id, seen)
        else:
            await stores.inconsistencies.acted(SALON.id, seen, outcome, now=NOW)

    assert await claim(database, other, at_most=1) is (Claim.USED_UP if counts else Claim.GRANTED)


async def test_what_was_changed_counts_also_when_another_run_has_seen_that_it_is_gone(database):
    (seen, _) = await sight(database, [orphan("a"), orphan("b")])
    await claim(database, seen)
    (other,) = await sight(database, [orphan("b")], at=LATER)
    await act(database, seen, Outcome.CANCELLED_THERE, at=LATER)

    assert await claim(database, other, at=LATER, at_most=1) is Claim.USED_UP


async def test_a_run_that_was_killed_holds_its_claim_for_a_while_and_it_counts(database):
    (seen, other) = await sight(database, [orphan("a"), orphan("b")])
    await claim(database, seen)

    assert await claim(database, seen, at=NOW + LONGEST_REMEDY) is Claim.ANOTHERS
    assert await claim(database, other, at=NOW + LONGEST_REMEDY, at_most=1) is Claim.USED_UP
    assert await claim(database, seen, at=NOW + LONGEST_REMEDY + timedelta(seconds=1)) is Claim.GRANTED


async def test_the_last_run_is_the_last_that_could_compare(database):
    async with database.begin(SALON.id) as stores:
        assert await stores.inconsistencies.last_run(SALON.id) is None
        await stores.inconsistencies.ran(Run(SALON.id, NOW, 1, 2, {"stuck": 1}, {"settling": 1}))
        await stores.inconsistencies.ran(Run(SALON.id, LATER, error="calcom_unavailable"))
        assert await stores.inconsistencies.last_run(SALON.id) == NOW


async def test_old_reports_are_forgotten_and_open_differences_are_not(database):
    await sight(database, [orphan("a"), orphan("b")])
    await sight(database, [orphan("b")], at=LATER)
    async with database.begin(SALON.id) as stores:
        await stores.inconsistencies.ran(Run(SALON.id, NOW))
        await stores.inconsistencies.ran(Run(SALON.id, LATER))

    async with database.begin(EVERY_TENANT) as stores:
        assert await stores.inconsistencies.forget_older(LATER) == 1
        assert await stores.inconsistencies.forget_older(LATER + HALF_AN_HOUR) == 2
    assert [each.subject for each in await still_open(database)] == ["b"]


async def test_every_salon_is_listed(database):
    async with database.begin(EVERY_TENANT) as stores:
        assert {tenant.id for tenant in await stores.tenants.every()} == {SALON.id, OTHER_SALON.id}


async def held(database: Database, *, minutes: int, state: State = State.CONFIRMED) -> Appointment:
    appointment = await an_appointment(database, minutes=minutes)
    await hold(database, appointment)
    settled = await settle(database, appointment, state, "uid") if state is not State.CREATING else appointment
    assert settled is not None
    return settled


async def test_what_lives_in_the_window_is_returned_and_what_is_unsettled_wherever_it_is(database):
    inside = await held(database, minutes=60)
    before = await held(database, minutes=0)
    over = await held(database, minutes=90, state=State.FAILED)
    unsettled = await held(database, minutes=30, state=State.CREATING)

    window = Window(TEN_O_CLOCK + timedelta(minutes=60), TEN_O_CLOCK + timedelta(minutes=120))
    async with database.begin(SALON.id) as stores:
        living = await stores.appointments.living(SALON.id, window)
        named = await stores.appointments.by_ids(SALON.id, {before.id, over.id})

    assert {each.id for each in living} == {inside.id, unsettled.id}
    assert {each.id for each in named} == {before.id, over.id}


async def move(database: Database, seen: Appointment, *, minutes: int, staff: str = "anna") -> bool:
    start = TEN_O_CLOCK + timedelta(minutes=minutes)
    async with database.begin(SALON.id) as stores:
        period = Window(start, start + HALF_AN_HOUR)
        return await stores.appointments.move(seen, an_offering(staff), period, calcom_uid="moved")


async def test_an_appointment_moves_to_another_time_and_chair(database):
    appointment = await held(database, minutes=0)

    assert await move(database, appointment, minutes=15, staff="ben")

    async with database.begin(SALON.id) as stores:
        now = await stores.appointments.find(SALON.id, appointment.id)
    assert now == replace(
        appointment,
        offering=an_offering("ben"),
        start=TEN_O_CLOCK + timedelta(minutes=15),
        end=TEN_O_CLOCK + timedelta(minutes=45),
        calcom_uid="moved",
        key=appointment.id,
        version=appointment.version + 1,
    )


async def test_an_appointment_does_not_move_onto_another_nor_over_a_newer_word(database):
    appointment = await held(database, minutes=0)
    await held(database, minutes=30)

    assert not await move(database, appointment, minutes=15)
    assert await move(database, appointment, minutes=-30)
    assert not await move(database, appointment, minutes=-60)


@pytest.mark.parametrize("times", [1, 3])
async def test_asking_for_a_settlement_again_is_no_error_and_leaves_the_transaction_whole(database, times):
    appointment = await held(database, minutes=0)
    async with database.begin(SALON.id) as stores:
        for _ in range(times):
            await stores.queue.settle(SALON.id, appointment.id, after_seconds=0)
        waiting = await stores.queue.waiting([appointment.id, SALON.id])
        assert {each: job.tries for each, job in waiting.items()} == {appointment.id: 0}
        assert await stores.appointments.find(SALON.id, appointment.id) == appointment
