"""Customers: one contract for the fake and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

from booking_core.domain.engagement import Engagement
from booking_core.domain.models import KnownCaller, State, Traffic
from booking_core.domain.ports import EVERY_TENANT
from tests.contracts.rows import an_appointment, hold, settle
from tests.factories import (
    OTHER_SALON,
    SALON,
    a_wish,
)


async def test_one_phone_number_is_one_customer_whose_name_stays(database):
    async with database.begin(SALON.id) as stores:
        first = await stores.customers.resolve(SALON.id, a_wish("Erika"))
        again = await stores.customers.resolve(SALON.id, a_wish("Erich", email="new@example.org"))

    assert again == replace(first, email="new@example.org")


async def test_a_caller_is_known_by_number_and_by_the_newest_appointment_that_stands(database):
    async with database.begin(EVERY_TENANT) as stores:
        await stores.customers.resolve(SALON.id, a_wish("Erika", "+4930901821"))
    appointment = await an_appointment(database)
    await hold(database, appointment)
    known = []
    for state in (State.CONFIRMED, State.CANCELLED):
        appointment = await settle(database, appointment, state, "uid-1") or appointment
        async with database.begin(EVERY_TENANT) as stores:
            known.append(await stores.customers.find_known(SALON.id, appointment.customer.phone))
    async with database.begin(EVERY_TENANT) as stores:
        new = await stores.customers.find_known(SALON.id, "+4930901821")
        strangers = [
            await stores.customers.find_known(SALON.id, "+4930901822"),
            await stores.customers.find_known(OTHER_SALON.id, "+4930901821"),
        ]

    assert known == [KnownCaller("Erika Muster", "Haircut"), KnownCaller("Erika Muster", None)]
    assert new == KnownCaller("Erika", None)
    assert strangers == [None, None]


async def test_what_a_customer_did_is_counted_once_and_probes_apart(database):
    states = (State.CONFIRMED, State.CONFIRMED, State.CANCELLED, State.RELEASED)
    appointments = [await an_appointment(database, minutes=60 * number) for number in range(len(states))]
    probe = await an_appointment(database, minutes=600, traffic=Traffic.SYNTHETIC)
    for appointment, state in zip((*appointments, probe), (*states, State.CONFIRMED), strict=True):
        assert await hold(database, appointment)
        confirmed = await settle(database, appointment, State.CONFIRMED) if state is State.CANCELLED else None
        await settle(database, confirmed or appointment, state)

    async with database.begin(EVERY_TENANT) as stores:
        counted = await stores.customers.engagement([each.id for each in appointments])
        await stores.customers.scored({counted[0].customer_id: 20})

    assert counted == [Engagement(appointments[0].customer.id, 2, 1, appointments[1].start)]
