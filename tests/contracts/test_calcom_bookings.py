"""The contract of what Cal.com has told us, held by the fake and by PostgreSQL alike: knowledge only grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from uuid import UUID

from booking_core.domain.calcom_news import CalcomFact, KnownBooking, Standing
from booking_core.domain.discrepancies import Window
from booking_core.domain.models import State
from booking_core.domain.ports import Database
from tests.contracts.rows import an_appointment, hold, settle
from tests.factories import OTHER_SALON, SALON, TEN_O_CLOCK, an_id, an_offering

OURS = an_id("appointment")
ELEVEN = TEN_O_CLOCK + timedelta(hours=1)
MADE = CalcomFact("uid-1", Standing.ACCEPTED, TEN_O_CLOCK, TEN_O_CLOCK + timedelta(minutes=30), "anna", OURS)
LEFT = replace(MADE, standing=Standing.ENDED, successor="uid-2", appointment_id=None)
MOVED = CalcomFact("uid-2", Standing.ACCEPTED, ELEVEN, ELEVEN + timedelta(minutes=30), "ben")
ENDED = replace(MOVED, standing=Standing.ENDED)


async def learn(database: Database, *facts: CalcomFact, tenant: UUID = SALON.id) -> None:
    for fact in facts:
        async with database.begin(tenant) as stores:
            await stores.calcom_bookings.learn(tenant, fact)


async def made_for(database: Database, appointment_id: UUID = OURS) -> Sequence[KnownBooking]:
    async with database.begin(SALON.id) as stores:
        return sorted(await stores.calcom_bookings.made_for(SALON.id, appointment_id), key=lambda each: each.uid)


async def owner(database: Database, *uids: str, tenant: UUID = SALON.id) -> UUID | None:
    async with database.begin(tenant) as stores:
        return await stores.calcom_bookings.owner(tenant, uids)


async def test_in_whatever_order_it_is_learnt_the_same_is_known(database):
    for number, order in enumerate(permutations((MADE, LEFT, MOVED, ENDED))):
        first, second, ours = f"uid-1-{number}", f"uid-2-{number}", an_id(f"appointment {number}")
        renamed = {"uid-1": first, "uid-2": second, None: None}
        told = [
            replace(
                each,
                uid=renamed[each.uid],
                successor=renamed[each.successor],
                appointment_id=each.appointment_id and ours,
            )
            for each in order
        ]

        await learn(database, *told, *told[:2])

        assert await made_for(database, ours) == [
            KnownBooking(first, Standing.ENDED, MADE.start, MADE.end, an_id("anna"), second),
            KnownBooking(second, Standing.ENDED, MOVED.start, MOVED.end, an_id("ben")),
        ]


async def test_what_a_booking_of_ours_was_moved_to_becomes_ours(database):
    await learn(database, MOVED)
    assert await owner(database, "uid-2") is None

    await learn(database, LEFT, MADE)
    await made_for(database)

    assert await owner(database, "uid-2") == OURS


async def test_the_owner_of_a_booking_is_also_known_from_the_appointment_itself(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)
    await settle(database, appointment, State.CONFIRMED, "uid-9")

    assert await owner(database, "uid-8", "uid-9") == appointment.id
    assert await owner(database, "uid-8") is None
    assert await owner(database, "uid-9", tenant=OTHER_SALON.id) is None


async def test_the_same_uid_at_another_salon_is_another_booking(database):
    await learn(database, replace(MADE, host=None), tenant=OTHER_SALON.id)

    assert await made_for(database) == []


async def test_a_booking_of_a_host_whom_we_do_not_know_is_known_without_one(database):
    await learn(database, replace(MADE, host="clara", start=None, end=None))

    assert await made_for(database) == [KnownBooking("uid-1", Standing.ACCEPTED)]


async def test_an_appointment_that_moves_leaves_its_wish_behind(database):
    seen = await an_appointment(database)
    await hold(database, seen)
    eleven = Window(ELEVEN, ELEVEN + timedelta(minutes=30))

    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.move(seen, an_offering("ben"), eleven, calcom_uid="uid-2")

    async with database.begin(SALON.id) as stores:
        moved = await stores.appointments.find(SALON.id, seen.id)
        assert moved is not None
        assert (moved.calcom_uid, moved.start, moved.offering.staff_slug) == ("uid-2", ELEVEN, "ben")
        assert await stores.appointments.find_living(SALON.id, seen.key) is None
        assert not await stores.appointments.move(seen, an_offering("ben"), eleven, calcom_uid="uid-2")


async def test_what_has_ended_is_in_nobodys_way_and_nobody_in_its(database):
    other = await an_appointment(database, minutes=60)
    await hold(database, other)
    ended = replace(await an_appointment(database), state=State.CANCELLED)
    await hold(database, ended)

    async with database.begin(SALON.id) as stores:
        there = Window(other.start, other.end)
        assert await stores.appointments.move(ended, ended.offering, there, calcom_uid="uid-2")


async def test_an_appointment_does_not_move_onto_another_and_the_transaction_goes_on(database):
    seen, other = await an_appointment(database), await an_appointment(database, minutes=60)
    await hold(database, seen)
    await hold(database, other)

    async with database.begin(SALON.id) as stores:
        there = Window(other.start, other.end)
        assert not await stores.appointments.move(seen, seen.offering, there, calcom_uid="uid-2")
        assert await stores.appointments.find(SALON.id, seen.id) == seen


async def test_what_others_booked_takes_up_time_until_it_ends_or_turns_out_to_be_ours(database):
    walk_in = replace(MOVED, uid="walk-in", host="anna")
    ended = replace(walk_in, uid="ended", standing=Standing.ENDED)
    await learn(database, walk_in, ended, replace(walk_in, uid="elsewhere", host="clara"), MADE)

    async def taken(start, end):
        async with database.begin(SALON.id) as stores:
            return list(await stores.calcom_bookings.taken(SALON.id, [an_id("anna"), an_id("ben")], start, end))

    later = ELEVEN + timedelta(minutes=30)
    assert await taken(ELEVEN, later) == [(an_id("anna"), ELEVEN, later)]
    assert await taken(TEN_O_CLOCK, ELEVEN) == await taken(later, later + timedelta(hours=1)) == []

    await learn(database, replace(walk_in, appointment_id=OURS))
    assert await taken(ELEVEN, later) == []


async def test_whom_others_have_booked_is_not_free(database):
    await learn(database, replace(MOVED, host="anna"))
    midnight = TEN_O_CLOCK.replace(hour=0)

    async with database.begin(SALON.id) as stores:
        workloads = await stores.appointments.workloads(
            SALON.id,
            [an_id("anna"), an_id("ben")],
            day=(midnight, midnight + timedelta(days=1)),
            wanted=[(ELEVEN, ELEVEN + timedelta(minutes=30))],
        )

    assert {each.staff_id: each.is_free for each in workloads} == {an_id("anna"): False, an_id("ben"): True}
