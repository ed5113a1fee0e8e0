"""What only the real database can show."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from booking_core.adapters.postgres import migrations, tables
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.domain.ports import EVERY_TENANT

pytestmark = pytest.mark.integration


async def test_the_migrations_build_the_schema_the_code_believes_in(database_url):
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _ours})
        difference = compare_metadata(context, tables.metadata)
        constraint = connection.execute(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'no_overlap'")
        ).scalar_one()
    engine.dispose()

    assert difference == []
    for state in ("creating", "confirmed", "unknown"):
        assert f"'{state}'" in constraint


def _ours(name, kind, _parents):
    return kind != "table" or not str(name).startswith(("procrastinate_", "alembic_"))


async def test_migrating_twice_is_migrating_once(owner_url):
    migrations.upgrade(owner_url)


async def test_statements_are_counted_across_the_tasks_of_a_booking(database_url):
    database = PostgresDatabase(database_url)

    async def one_query():
        async with database.begin(EVERY_TENANT) as stores:
            await stores.tenants.find_by_token("nobody")

    with database.counting() as statements:
        await asyncio.gather(one_query(), one_query())
    await one_query()
    await database.close()

    # Each transaction first says whose rows it wants to see.
    assert statements.count == 4


async def test_an_exhausted_pool_is_a_named_failure_and_counted(database_url):
    lost: list[str] = []
    database = PostgresDatabase(database_url, pool_size=1, pool_wait_seconds=0.05, connection_lost=lost.append)

    async with database.begin(EVERY_TENANT):
        with pytest.raises(AppointmentDatabaseError):
            async with database.begin(EVERY_TENANT):
                pass
    await database.close()

    # The outer transaction has a connection and loses nothing.
    assert lost == ["pool_exhausted"]


async def test_a_database_that_is_gone_is_a_named_failure_and_counted(server_room):
    lost: list[str] = []
    gone = PostgresDatabase(
        f"postgresql+psycopg://slotwatch@/slotwatch?host={server_room}/nowhere", connection_lost=lost.append
    )

    with pytest.raises(AppointmentDatabaseError):
        async with gone.begin(EVERY_TENANT):
            pass
    await gone.close()

    assert lost == ["connect"]
