"""What only the real database can show."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from booking_core.adapters.postgres import migrations, tables
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.domain.ports import EVERY_TENANT
from tests.contracts.rows import fill
from tests.factories import OTHER_SALON, SALON, a_wish

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


async def test_connections_that_died_while_nobody_used_them_are_replaced_unnoticed(database_url, owner_url):
    lost: list[str] = []
    database = PostgresDatabase(database_url, connection_lost=lost.append)

    async def ask() -> None:
        async with database.begin(EVERY_TENANT) as stores:
            await stores.tenants.find_by_token("nobody")
            await asyncio.sleep(0)

    await asyncio.gather(*(ask() for _ in range(5)))
    end_all_connections(owner_url)

    await asyncio.gather(*(ask() for _ in range(5)))
    await database.close()
    assert lost == []


async def test_a_connection_that_dies_in_a_transaction_is_a_named_failure_and_the_next_works(database_url, owner_url):
    lost: list[str] = []
    database = PostgresDatabase(database_url, connection_lost=lost.append)

    async def ask_and_be_cut_off() -> None:
        async with database.begin(EVERY_TENANT) as stores:
            end_all_connections(owner_url)
            await stores.tenants.find_by_token("nobody")

    with pytest.raises(AppointmentDatabaseError):
        await ask_and_be_cut_off()
    assert lost == ["lost"]

    async with database.begin(EVERY_TENANT) as stores:
        assert await stores.tenants.find_by_token("nobody") is None
    await database.close()


async def test_a_transaction_without_an_end_is_rolled_back_and_sees_only_its_own_tenant(database_url, owner_url):
    fill(owner_url)
    database = PostgresDatabase(database_url, pool_size=1)

    async with database.begin(SALON.id) as stores:
        own = await stores.customers.resolve(SALON.id, a_wish())
        held = stores.customers._connection
        raw = await held.get_raw_connection()
        assert raw.driver_connection.info.transaction_status.name == "INTRANS"
    async with database.begin(OTHER_SALON.id) as stores:
        assert await stores.customers.find_known(SALON.id, own.phone) is None
    with suppress(ZeroDivisionError):
        async with database.begin(SALON.id) as stores:
            await stores.customers.resolve(SALON.id, a_wish("Max", "+4930901821"))
            raise ZeroDivisionError
    async with database.begin(SALON.id) as stores:
        assert await stores.customers.find_known(SALON.id, "+4930901821") is None
        assert await stores.customers.find_known(SALON.id, own.phone) is not None
    await database.close()


async def test_a_statement_that_is_cut_off_is_told_with_what_cut_it_off(database_url, owner_url):
    told: list[tuple[str, str | None]] = []

    def statement_ran(verb: str, seconds: float, error: BaseException | None) -> None:
        told.append((verb, error and type(error).__name__))

    async def ask_and_be_cut_off(database: PostgresDatabase) -> None:
        async with database.begin(EVERY_TENANT) as stores:
            end_all_connections(owner_url)
            await stores.tenants.find_by_token("nobody")

    database = PostgresDatabase(database_url, statement_ran=statement_ran)
    with pytest.raises(AppointmentDatabaseError):
        await ask_and_be_cut_off(database)
    await database.close()

    assert told == [("begin", None), ("select", "AdminShutdown")]


def end_all_connections(owner_url: str) -> None:
    engine = create_engine(owner_url)
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        )
    engine.dispose()
