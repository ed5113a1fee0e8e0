"""Whoever asked to be forgotten is nowhere any more; whoever did not is where they were."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from booking_core.domain.erasure import NOBODY
from booking_core.domain.models import Reply, State
from booking_core.domain.webhooks import Delivery, Result, Source
from tests.contracts.rows import an_appointment, claim, hold, settle
from tests.contracts.test_inbox import a_delivery
from tests.factories import NOW, OTHER_SALON, SALON, a_wish

PHONE = a_wish().phone


async def told(database, body: bytes, *, processed: bool = True, digest: str = "d") -> Delivery:
    delivery = replace(a_delivery(digest), id=uuid4(), source=Source.RETELL, body=body)
    async with database.begin(SALON.id) as stores:
        assert await stores.inbox.store(delivery)
        if processed:
            await stores.inbox.processed(delivery.id, Result.IGNORED, at=NOW)
    return delivery


async def unsettled(database, phone: str = PHONE, *, tenant=SALON) -> tuple[int, int]:
    async with database.begin(tenant.id) as stores:
        return await stores.traces.unsettled(tenant.id, phone)


async def erase(database, phone: str = PHONE, *, tenant=SALON):
    async with database.begin(tenant.id) as stores:
        return await stores.traces.erase(tenant.id, phone)


async def test_an_appointment_keeps_its_time_and_loses_its_person(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)
    await settle(database, appointment, State.CONFIRMED, "uid-1")

    erased = await erase(database)

    async with database.begin(SALON.id) as stores:
        kept = await stores.appointments.find(SALON.id, appointment.id)
        known = await stores.customers.find_known(SALON.id, PHONE)
    assert (erased.customers, erased.appointments, list(erased.calcom_uids)) == (1, 1, ["uid-1"])
    assert kept is not None
    assert (kept.start, kept.state, kept.offering) == (appointment.start, State.CONFIRMED, appointment.offering)
    assert (kept.customer.name, kept.customer.email) == (NOBODY, None)
    assert PHONE not in kept.customer.phone
    assert kept.key != appointment.key
    assert known is None


async def test_what_was_said_about_them_is_dropped_and_what_was_said_about_others_stays(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)
    await settle(database, appointment, State.CONFIRMED, "uid-1")
    about = [await told(database, f'{{"from": "{PHONE}"}}'.encode(), digest="d1")]
    about.append(await told(database, b'{"attendee": "erika@example.org"}', digest="d2"))
    about.append(await told(database, b'{"uid": "uid-1"}', digest="d3"))
    other = await told(database, b'{"from": "+4930901829"}', digest="d4")
    await claim(database)
    async with database.begin(SALON.id) as stores:
        await stores.requests.remember(SALON.id, "key-1", Reply(201, {"appointment_id": str(appointment.id)}))

    erased = await erase(database)

    async with database.begin(SALON.id) as stores:
        left = [await stores.inbox.find(SALON.id, each.id) for each in (*about, other)]
    assert (erased.replies, erased.deliveries) == (1, 3)
    assert [each.body if each else None for each in left] == [None, None, None, other.body]
    # The answer is not given again: whoever repeats the request now is somebody new.
    assert await claim(database, "another fingerprint") is None


@pytest.mark.parametrize("state", [State.CREATING, State.QUEUED, State.UNKNOWN, State.PENDING, State.CANCELLING])
async def test_what_is_between_the_worlds_is_counted(database, state):
    await hold(database, replace(await an_appointment(database), state=state))
    await told(database, f'{{"from": "{PHONE}"}}'.encode(), processed=False)

    assert await unsettled(database) == (1, 1)
    assert await unsettled(database, "+4930901829") == (0, 0)


async def test_erasing_again_finds_nobody(database):
    await hold(database, replace(await an_appointment(database), state=State.CONFIRMED))

    first, second = await erase(database), await erase(database)

    assert (first.customers, second.customers, second.appointments) == (1, 0, 0)


async def test_another_salon_keeps_its_customer_of_the_same_number(database):
    async with database.begin(OTHER_SALON.id) as stores:
        theirs = await stores.customers.resolve(OTHER_SALON.id, a_wish())
    await an_appointment(database)

    await erase(database)

    async with database.begin(OTHER_SALON.id) as stores:
        assert await stores.customers.resolve(OTHER_SALON.id, a_wish()) == theirs
