"""Transactions and whose rows they see: one contract for the fake and PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import ProgrammingError

from booking_core.domain.models import State
from tests.contracts.rows import an_appointment, hold
from tests.factories import (
    API_KEY,
    OTHER_SALON,
    SALON,
    a_wish,
)
from tests.fakes.sight import ForeignRow


async def test_a_transaction_that_raises_leaves_no_trace(database):
    appointment = await an_appointment(database)

    async def hold_and_fail():
        async with database.begin(SALON.id) as stores:
            await stores.appointments.hold(appointment)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await hold_and_fail()

    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.find(SALON.id, appointment.id) is None


async def test_a_row_of_another_tenant_is_neither_seen_nor_changed(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)

    async with database.begin(OTHER_SALON.id) as stores:
        assert await stores.appointments.settle(appointment, State.CONFIRMED) is None
        await stores.appointments.looked(appointment.id)
        seen = [
            await stores.appointments.find(SALON.id, appointment.id),
            await stores.appointments.find_living(SALON.id, appointment.key),
            await stores.tenants.find_by_token(SALON.token),
            await stores.keys.find_bearer(API_KEY),
            *await stores.services.names(SALON.id),
            *await stores.services.offerings(SALON.id, "haircut"),
            *await stores.appointments.unsettled(at_most=10),
        ]
    async with database.begin(SALON.id) as stores:
        unchanged = await stores.appointments.find(SALON.id, appointment.id)

    assert [each for each in seen if each is not None] == []
    assert unchanged == appointment


async def test_a_row_of_another_tenant_cannot_be_made(database):
    with pytest.raises((ProgrammingError, ForeignRow)):
        async with database.begin(OTHER_SALON.id) as stores:
            await stores.customers.resolve(SALON.id, a_wish())
