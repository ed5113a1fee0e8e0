"""The inbox's contract, held by the fake and by PostgreSQL alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from booking_core.domain.models import Traffic
from booking_core.domain.ports import EVERY_TENANT
from booking_core.domain.webhooks import Delivery, DeliveryState, Result, Source
from tests.factories import NOW, OTHER_SALON, SALON


def a_delivery(digest: str = "d1", *, tenant=SALON, source: Source = Source.CALCOM) -> Delivery:
    return Delivery(
        id=uuid4(),
        tenant_id=tenant.id,
        source=source,
        event="BOOKING_CREATED",
        key="BOOKING_CREATED:uid-1:0",
        subject="calcom:uid-1",
        digest=digest,
        traffic=Traffic.SYNTHETIC,
        correlation_id="correlation-1",
        received_at=NOW,
        body=b"\x00\xff{}",
    )


async def store(database, delivery: Delivery) -> bool:
    async with database.begin(delivery.tenant_id) as stores:
        return await stores.inbox.store(delivery)


async def find(database, delivery: Delivery, *, tenant=SALON) -> Delivery | None:
    async with database.begin(tenant.id) as stores:
        return await stores.inbox.find(tenant.id, delivery.id)


async def test_a_delivery_comes_back_as_it_was_stored(database):
    delivery = a_delivery()

    assert await store(database, delivery)

    assert await find(database, delivery) == delivery
    assert await find(database, delivery, tenant=OTHER_SALON) is None


async def test_the_same_bytes_are_stored_once_for_each_salon_and_source(database):
    copies = [
        a_delivery(),
        a_delivery(),
        a_delivery(source=Source.RETELL),
        a_delivery(tenant=OTHER_SALON),
        a_delivery("d2"),
    ]

    assert [await store(database, each) for each in copies] == [True, False, True, True, True]


async def test_what_became_of_a_delivery_is_written_down(database):
    delivery = a_delivery()
    await store(database, delivery)

    async with database.begin(SALON.id) as stores:
        await stores.inbox.processed(delivery.id, Result.IGNORED, at=NOW)

    done = replace(delivery, state=DeliveryState.PROCESSED, result=Result.IGNORED, processed_at=NOW)
    assert await find(database, delivery) == done


async def test_what_waits_is_found_oldest_first_until_it_is_done_or_given_up(database):
    late, early, done, failed = (a_delivery(each) for each in ("late", "early", "done", "failed"))
    early = replace(early, received_at=NOW - timedelta(minutes=1))
    for each in (late, early, done, failed):
        await store(database, each)
    async with database.begin(SALON.id) as stores:
        await stores.inbox.processed(done.id, Result.APPLIED, at=NOW)
        await stores.inbox.stumbled(late.id, "ValueError", is_last=False)
        await stores.inbox.stumbled(failed.id, "ValueError", is_last=True)

    async with database.begin(EVERY_TENANT) as stores:
        waiting = await stores.inbox.waiting(NOW + timedelta(seconds=1), at_most=2)
        overdue = await stores.inbox.waiting(NOW, at_most=2)

    assert waiting == [early, replace(late, attempts=1, error="ValueError")]
    assert overdue == [early]
    given_up = await find(database, failed)
    assert given_up is not None
    assert (given_up.state, given_up.result, given_up.attempts) == (DeliveryState.FAILED, Result.FAILED, 1)


async def test_it_is_known_whether_a_delivery_about_a_subject_changed_anything(database):
    first, second = a_delivery("d1"), replace(a_delivery("d2"), subject="call:2")
    for each, result in ((first, Result.UNCHANGED), (second, Result.APPLIED)):
        await store(database, each)
        async with database.begin(SALON.id) as stores:
            await stores.inbox.processed(each.id, result, at=NOW)

    async with database.begin(SALON.id) as stores:
        known = [await stores.inbox.was_applied(SALON.id, each.subject) for each in (first, second)]

    assert known == [False, True]


async def test_deliveries_are_listed_newest_first_by_state_and_age(database):
    old, new, failed = (
        replace(a_delivery(each), received_at=NOW + timedelta(minutes=n)) for n, each in enumerate("abc")
    )
    for each in (old, new, failed):
        await store(database, each)
    async with database.begin(SALON.id) as stores:
        await stores.inbox.stumbled(failed.id, "ValueError", is_last=True)

        async def listed(*states: DeliveryState, since=None, at_most=10):
            found = await stores.inbox.listed(states=states, since=since, at_most=at_most)
            return [each.id for each in found]

        assert await listed(*DeliveryState) == [failed.id, new.id, old.id]
        assert await listed(*DeliveryState, at_most=1) == [failed.id]
        assert await listed(*DeliveryState, since=new.received_at) == [failed.id, new.id]
        assert await listed(DeliveryState.FAILED) == [failed.id]


async def test_a_reopened_delivery_is_as_it_came_and_still_knows_that_it_changed_something(database):
    delivery = a_delivery()
    await store(database, delivery)
    async with database.begin(SALON.id) as stores:
        await stores.inbox.processed(delivery.id, Result.APPLIED, at=NOW)
        await stores.inbox.reopen(delivery.id)
        assert await stores.inbox.find(SALON.id, delivery.id) == replace(delivery, result=Result.APPLIED)

        await stores.inbox.processed(delivery.id, Result.UNCHANGED, at=NOW)
        assert await stores.inbox.was_applied(SALON.id, delivery.subject)


async def test_only_what_was_processed_long_ago_loses_its_body(database):
    old, fresh, failed = (a_delivery(each) for each in ("old", "fresh", "failed"))
    for each in (old, fresh, failed):
        await store(database, each)
    async with database.begin(SALON.id) as stores:
        await stores.inbox.processed(old.id, Result.APPLIED, at=NOW)
        await stores.inbox.processed(fresh.id, Result.APPLIED, at=NOW + timedelta(seconds=1))
        await stores.inbox.stumbled(failed.id, "ValueError", is_last=True)

    async with database.begin(EVERY_TENANT) as stores:
        dropped = [await stores.inbox.drop_bodies(NOW + timedelta(seconds=1)) for _ in range(2)]

    assert dropped == [1, 0]
    bodies = [found.body for each in (old, fresh, failed) if (found := await find(database, each))]
    assert bodies == [None, old.body, old.body]
