"""Requests with an Idempotency-Key: one contract for the fake and PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from booking_core.domain.errors import IdempotencyKeyReused, RequestInFlight
from booking_core.domain.models import Reply
from booking_core.domain.ports import EVERY_TENANT
from tests.contracts.rows import claim
from tests.factories import (
    NOW,
    SALON,
)


async def test_the_first_of_many_copies_goes_ahead_and_the_others_are_told_to_wait(database):
    claims = await asyncio.gather(*(claim(database) for _ in range(6)), return_exceptions=True)

    assert claims.count(None) == 1
    assert [type(each) for each in claims if each is not None] == [RequestInFlight] * 5


async def test_a_remembered_answer_is_given_again_and_only_to_the_same_request(database):
    await claim(database)
    reply = Reply(201, {"status": "confirmed", "say": "Schön."})
    async with database.begin(SALON.id) as stores:
        await stores.requests.remember(SALON.id, "key-1", reply)

    assert await claim(database, minutes=5) == reply
    with pytest.raises(IdempotencyKeyReused):
        await claim(database, "another")


async def test_a_request_whose_answer_never_came_may_go_ahead_again(database):
    await claim(database)

    assert await claim(database, minutes=2) is None
    with pytest.raises(RequestInFlight):
        await claim(database, minutes=2)


async def test_a_forgotten_request_is_a_new_one(database):
    await claim(database)
    async with database.begin(EVERY_TENANT) as stores:
        await stores.requests.forget(SALON.id, "key-1")
    assert await claim(database) is None
    async with database.begin(EVERY_TENANT) as stores:
        assert await stores.requests.forget_older(NOW + timedelta(seconds=1)) == 1
    assert await claim(database, "another") is None
