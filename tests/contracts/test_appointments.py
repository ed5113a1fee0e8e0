"""What is remembered of an appointment: one contract for the fake and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from booking_core.domain.models import PromptVersion, State, Traffic
from booking_core.domain.ports import EVERY_TENANT
from tests.contracts.rows import an_appointment, hold, settle, taking_the_place_of
from tests.factories import (
    NOW,
    OTHER_SALON,
    SALON,
    an_origin,
)


@pytest.mark.parametrize("version", [*PromptVersion, None])
async def test_an_appointment_comes_back_with_all_that_is_known_of_its_origin(database, version):
    appointment = await an_appointment(database)
    appointment = replace(appointment, origin=an_origin(prompt_version=version))
    await hold(database, appointment)

    async with database.begin(SALON.id) as stores:
        stored = await stores.appointments.find(SALON.id, appointment.id)

    assert stored is not None
    assert stored.origin == appointment.origin


async def test_a_stored_appointment_is_found_by_its_own_salon_only(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)
    await settle(database, appointment, State.CONFIRMED, "uid-1")

    async with database.begin(EVERY_TENANT) as stores:
        found = await stores.appointments.find(SALON.id, appointment.id)
        foreign = await stores.appointments.find(OTHER_SALON.id, appointment.id)

    assert found is not None
    assert (found.state, found.calcom_uid) == (State.CONFIRMED, "uid-1")
    assert foreign is None


async def test_only_confirmed_synthetic_appointments_are_abandoned(database):
    probe = await an_appointment(database, traffic=Traffic.SYNTHETIC)
    real = await an_appointment(database, minutes=60)
    for each in (probe, real):
        await hold(database, each)
        await settle(database, each, State.CONFIRMED, "uid")

    async with database.begin(EVERY_TENANT) as stores:
        left = await stores.appointments.abandoned_synthetic(NOW + timedelta(days=3650), at_most=10)
        young = await stores.appointments.abandoned_synthetic(NOW - timedelta(days=3650), at_most=10)

    assert [each.id for each in left] == [probe.id]
    assert list(young) == []


async def test_what_waits_for_cal_com_too_long_is_called_unknown(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)

    async with database.begin(EVERY_TENANT) as stores:
        given_up = await stores.appointments.give_up_creating(NOW + timedelta(days=3650))
        found = await stores.appointments.find(SALON.id, appointment.id)

    assert given_up == 1
    assert found is not None
    assert found.state is State.UNKNOWN


async def test_of_two_writers_who_saw_the_same_only_the_first_is_heard(database):
    seen = await an_appointment(database)
    await hold(database, seen)

    first = await settle(database, seen, State.UNKNOWN)
    second = await settle(database, seen, State.CONFIRMED, "uid-late")

    assert first is not None
    assert (first.state, second) == (State.UNKNOWN, None)
    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.find(SALON.id, seen.id) == first


async def test_a_step_that_no_appointment_takes_is_a_mistake(database):
    seen = replace(await an_appointment(database), state=State.CANCELLED)
    await hold(database, seen)

    with pytest.raises(ValueError, match="never goes from cancelled to confirmed"):
        await settle(database, seen, State.CONFIRMED)


async def test_calling_the_outcome_unknown_counts_as_writing(database):
    seen = await an_appointment(database)
    await hold(database, seen)
    async with database.begin(SALON.id) as stores:
        await stores.appointments.give_up_creating(NOW + timedelta(days=3650))

    assert await settle(database, seen, State.CONFIRMED, "uid-late") is None


async def test_what_is_stored_comes_back_whole(database):
    appointment = await an_appointment(database, traffic=Traffic.SYNTHETIC)
    await hold(database, appointment)

    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.find(SALON.id, appointment.id) == appointment


async def test_doubt_begins_when_it_becomes_unknown_and_looks_are_counted(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)
    unknown = await settle(database, appointment, State.UNKNOWN)
    assert unknown is not None
    async with database.begin(SALON.id) as stores:
        await stores.appointments.looked(appointment.id)
        await stores.appointments.looked(appointment.id)
        doubted = await stores.appointments.find(SALON.id, appointment.id)

    assert doubted is not None
    assert doubted.doubted_at is not None
    assert doubted.looks == 2

    creating = await settle(database, unknown, State.CREATING)
    assert creating is not None
    await settle(database, creating, State.UNKNOWN)
    async with database.begin(SALON.id) as stores:
        anew = await stores.appointments.find(SALON.id, appointment.id)
    assert anew is not None
    assert anew.looks == 0


async def test_only_what_a_job_must_bring_further_is_unsettled(database):
    for minutes, state in enumerate(State):
        await hold(database, replace(await an_appointment(database, minutes=60 * minutes), state=state))

    async with database.begin(EVERY_TENANT) as stores:
        left = await stores.appointments.unsettled(at_most=10)
        states = {(await stores.appointments.find(*each)).state for each in left}

    assert states == {State.QUEUED, State.UNKNOWN, State.PENDING, State.CANCELLING}


async def test_a_visit_is_what_occupies_a_chair_at_whatever_time_the_oldest_first(database):
    former = replace(await an_appointment(database), state=State.CONFIRMED)
    moving = taking_the_place_of(former, minutes=60)
    for each in (former, moving, await an_appointment(database, minutes=120)):
        await hold(database, each)

    async with database.begin(SALON.id) as stores:
        both = await stores.appointments.of_lineage(SALON.id, former.id)
        known = await stores.appointments.by_ids(SALON.id, {former.id})
        foreign = await stores.appointments.of_lineage(OTHER_SALON.id, former.id)
    await settle(database, former, State.MOVED)
    async with database.begin(SALON.id) as stores:
        left = await stores.appointments.of_lineage(SALON.id, former.id)

    assert list(both) == [former, moving]
    assert {each.id for each in known} == {former.id, moving.id}
    assert list(foreign) == []
    assert [(each.id, each.former.state) for each in left] == [(moving.id, State.MOVED)]


async def test_a_cancellation_that_waits_remembers_why_and_since_when(database):
    seen = replace(await an_appointment(database), state=State.CONFIRMED)
    await hold(database, seen)

    async with database.begin(SALON.id) as stores:
        await stores.appointments.settle(seen, State.CANCELLING, reason="ill")
        cancelling = await stores.appointments.find(SALON.id, seen.id)

    assert cancelling is not None
    assert cancelling.cancellation_reason == "ill"
    assert cancelling.doubted_at is not None
