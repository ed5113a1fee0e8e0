"""Salons are known for a while, also when the database is not there to ask."""

from __future__ import annotations

import pytest

from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.services.tenants import TenantDirectory
from tests.booking_core.conftest import Stage
from tests.factories import API_KEY, SALON, an_api_key


@pytest.fixture
def directory(stage: Stage) -> TenantDirectory:
    return TenantDirectory(stage.database, stage.clock)


async def test_a_salon_is_found_by_token_and_by_key(directory):
    bearer = await directory.by_api_key(API_KEY)

    assert bearer is not None
    assert await directory.by_token(SALON.token) == bearer.tenant == SALON


async def test_a_token_is_no_key_and_a_key_no_token(directory):
    assert await directory.by_api_key(SALON.token) is None
    assert await directory.by_token(API_KEY) is None


async def test_a_withdrawn_key_stops_working_within_half_a_minute(stage, directory):
    await directory.by_api_key(API_KEY)
    async with stage.database.begin(SALON.id) as stores:
        assert await stores.keys.revoke(SALON.id, an_api_key(SALON).id, at=stage.clock.now())
    stage.clock.advance(30)

    assert await directory.by_api_key(API_KEY) is None


async def test_a_known_salon_stays_known_while_the_database_is_away_and_a_stranger_does_not(stage, directory):
    bearer = await directory.by_api_key(API_KEY)
    stage.database.down = True
    stage.clock.advance(3000)

    assert await directory.by_api_key(API_KEY) == bearer is not None
    with pytest.raises(AppointmentDatabaseError):
        await directory.by_api_key("sk_other")


async def test_nobody_is_believed_on_memory_alone_for_more_than_an_hour(stage, directory):
    await directory.by_api_key(API_KEY)
    stage.database.down = True
    stage.clock.advance(3601)

    with pytest.raises(AppointmentDatabaseError):
        await directory.by_api_key(API_KEY)
