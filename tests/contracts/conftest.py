"""The database that every contract of its stores is held against."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.domain.ports import Database
from tests.contracts.rows import fill
from tests.factories import (
    NOW,
    open_salon,
)
from tests.fakes import FakeClock, FakeDatabase


@pytest.fixture(params=["fake", pytest.param("postgres", marks=pytest.mark.integration)])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    if request.param == "fake":
        fake = FakeDatabase(FakeClock(NOW))
        open_salon(fake)
        yield fake
        return
    fill(request.getfixturevalue("owner_url"))
    real = PostgresDatabase(request.getfixturevalue("database_url"))
    yield real
    await real.close()
