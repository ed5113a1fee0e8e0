"""Who gets a chair, and who does not: one contract for the fake and PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from booking_core.domain.assignment import Workload
from booking_core.domain.models import OCCUPYING, State
from booking_core.domain.ports import EVERY_TENANT
from tests.contracts.rows import a_visit, an_appointment, hold, settle, taking_the_place_of
from tests.factories import (
    NOW,
    OTHER_SALON,
    SALON,
    TEN_O_CLOCK,
    an_offering,
)


async def test_touching_appointments_fit_and_overlapping_ones_do_not(database):
    appointments = [await an_appointment(database, minutes=minutes) for minutes in (0, 30, 15, -29)]

    assert [await hold(database, each) for each in appointments] == [True, True, False, False]


async def test_the_segments_of_a_visit_are_held_and_come_back_together(database):
    visit = await a_visit(database)

    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.hold(*visit)
        assert list(await stores.appointments.visit(SALON.id, visit[0].id)) == visit


@pytest.mark.parametrize("taken", [0, 75])
async def test_a_visit_of_which_one_segment_is_taken_is_not_held_at_all(database, taken):
    somebody = await an_appointment(database, minutes=taken)
    assert await hold(database, somebody)
    visit = await a_visit(database)

    async with database.begin(SALON.id) as stores:
        assert not await stores.appointments.hold(*visit)
        assert [await stores.appointments.find(SALON.id, each.id) for each in visit] == [None, None]
        # And the transaction goes on.
        assert await stores.appointments.hold(*await a_visit(database, minutes=200))


async def test_a_chair_is_kept_until_another_end_unless_somebody_comes_before(database):
    seen = await an_appointment(database)
    assert await hold(database, seen)
    assert await hold(database, await an_appointment(database, minutes=60))
    hour, longer = seen.start + timedelta(hours=1), seen.start + timedelta(minutes=61)

    async with database.begin(SALON.id) as stores:
        kept = await stores.appointments.keep_until(seen, hour)
        assert kept is not None
        assert await stores.appointments.keep_until(seen, hour) is None  # a version that is no longer
        assert await stores.appointments.keep_until(kept, longer) is None
        assert await stores.appointments.find(SALON.id, seen.id) == kept

    assert (kept.start, kept.end) == (seen.start, hour)


async def test_in_the_gap_of_a_visit_somebody_else_may_come(database):
    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.hold(*await a_visit(database))

    assert [await hold(database, await an_appointment(database, minutes=minutes)) for minutes in (44, 45, 46)] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("state", [State.RELEASED, State.FAILED, State.CANCELLED])
async def test_a_settled_loss_frees_the_chair(database, state):
    await hold(database, replace(await an_appointment(database), state=state))

    assert await hold(database, await an_appointment(database))


@pytest.mark.parametrize("state", OCCUPYING)
async def test_whatever_may_exist_at_cal_com_keeps_the_chair(database, state):
    await hold(database, replace(await an_appointment(database), state=state))

    assert not await hold(database, await an_appointment(database))


async def test_occupied_stretches_are_those_that_touch_the_period(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)
    staff = [appointment.offering.staff_id]

    async with database.begin(SALON.id) as stores:
        during = await stores.appointments.occupied(SALON.id, staff, appointment.start, appointment.end)
        after = await stores.appointments.occupied(
            SALON.id, staff, appointment.end, appointment.end + timedelta(hours=1)
        )

    assert list(during) == [(appointment.offering.staff_id, appointment.start, appointment.end)]
    assert list(after) == []


async def test_a_workload_is_the_booked_time_of_the_day_the_last_turn_and_freedom(database):
    long_ago = await an_appointment(database, minutes=-7 * 1440)
    overnight = await an_appointment(database)
    overnight = replace(overnight, start=TEN_O_CLOCK - timedelta(hours=10), asked_at=NOW - timedelta(hours=1))
    lost = await an_appointment(database, minutes=60)
    for each in (long_ago, overnight, lost):
        assert await hold(database, each)
    await settle(database, lost, State.RELEASED)
    anna, ben = an_offering("anna").staff_id, an_offering("ben").staff_id
    day = (TEN_O_CLOCK - timedelta(hours=9), TEN_O_CLOCK + timedelta(hours=15))

    async with database.begin(SALON.id) as stores:
        found = {
            minutes: await stores.appointments.workloads(
                SALON.id, [anna, ben], day=day, wanted=[(TEN_O_CLOCK + timedelta(minutes=minutes), day[1])]
            )
            for minutes in (29, 30)
        }

    idle = Workload(ben, timedelta(), None, is_free=True)
    # Ten hours and a half, of which one lies in the day before.
    busy = Workload(anna, timedelta(hours=9, minutes=30), NOW, is_free=False)
    assert sorted(found[29], key=lambda each: each.booked) == [idle, busy]
    assert sorted(found[30], key=lambda each: each.booked) == [idle, replace(busy, is_free=True)]


async def test_one_wish_is_one_living_appointment_whoever_would_do_it(database):
    first = await an_appointment(database)
    again = replace(first, id=uuid4(), offering=an_offering("ben"))
    assert await hold(database, first)

    assert not await hold(database, again)
    async with database.begin(EVERY_TENANT) as stores:
        living = await stores.appointments.find_living(SALON.id, first.key)
        foreign = await stores.appointments.find_living(OTHER_SALON.id, first.key)
    assert living is not None
    assert (living.id, foreign) == (first.id, None)

    await settle(database, first, State.CANCELLED)
    assert await hold(database, again)


async def test_a_visit_may_be_moved_onto_its_own_time_and_nobody_elses(database):
    former = replace(await an_appointment(database), state=State.CONFIRMED, calcom_uid=None)
    other = await an_appointment(database, minutes=60)
    await hold(database, former)
    await hold(database, other)

    assert not await hold(database, taking_the_place_of(former, minutes=45))
    assert await hold(database, taking_the_place_of(former, minutes=15))
    assert not await hold(database, await an_appointment(database, minutes=30))


async def test_nothing_is_moved_to_two_times_at_once(database):
    former = replace(await an_appointment(database), state=State.CONFIRMED)
    await hold(database, former)

    held = await asyncio.gather(
        *(hold(database, taking_the_place_of(former, minutes=minutes)) for minutes in (60, 120, 180))
    )

    assert sorted(held) == [False, False, True]


async def test_of_many_callers_for_one_slot_exactly_one_gets_it(database):
    appointments = [await an_appointment(database) for _ in range(8)]

    held = await asyncio.gather(*(hold(database, each) for each in appointments))

    assert sorted(held) == [False] * 7 + [True]
