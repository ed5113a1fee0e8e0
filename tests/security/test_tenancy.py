"""Who may see what in PostgreSQL, asked of PostgreSQL itself."""

# ruff: noqa: S608 - the names of the tables come from the tables

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import event

from booking_core.adapters.postgres import migrations, tables
from booking_core.adapters.postgres.database import PostgresDatabase, PrivilegedRole
from booking_core.domain.ports import EVERY_TENANT
from exporter.collectors.database import DatabaseCollector
from sla import catalogue
from tests.contracts.rows import an_appointment, fill, hold
from tests.factories import SALON, TEN_O_CLOCK, an_offering
from tests.security.salons import open_salons

pytestmark = pytest.mark.integration

OWNER, CORE, SIDECAR = "slotwatch", "slotwatch_core", "slotwatch_sidecar"

Ask = Callable[[str], Sequence[tuple[Any, ...]]]

OF_TENANTS = sorted(
    name for name, table in tables.metadata.tables.items() if name == "tenants" or "tenant_id" in table.c
)


@pytest.fixture
def ask_as(cluster, own_database) -> Iterator[Callable[[str], Ask]]:
    """Questions to the database as one of its roles."""
    connections: list[psycopg.Connection[Any]] = []

    def role(name: str) -> Ask:
        connection = psycopg.connect(cluster.url(own_database, role=name), autocommit=True)
        connections.append(connection)
        return lambda question: connection.execute(question).fetchall()

    yield role
    for connection in connections:
        connection.close()


@pytest.fixture
def ask(ask_as) -> Ask:
    return ask_as(CORE)


@pytest.mark.parametrize("table", OF_TENANTS)
def test_every_table_of_tenants_shows_own_rows_only_even_to_its_owner(ask, table):
    flags = ask(f"SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = '{table}'::regclass")
    policies = ask(f"SELECT cmd, qual = with_check FROM pg_policies WHERE tablename = '{table}'")

    # A new table gets this from migrations/tenancy.py.
    assert flags == [(True, True)]
    assert policies == [("ALL", True)]


def test_every_table_of_ours_knows_its_tenant():
    assert sorted(tables.metadata.tables) == OF_TENANTS


@pytest.mark.parametrize("role", [CORE, SIDECAR])
def test_neither_role_that_logs_in_can_look_past_the_policies(ask, role):
    powers = ask(f"SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = '{role}'")
    owned = ask(f"SELECT relname FROM pg_class WHERE relowner = '{role}'::regrole")

    assert powers == [(False, False, False)]
    assert owned == []


async def test_a_connection_given_back_to_the_pool_shows_nothing(database_url, owner_url):
    fill(owner_url)
    database = PostgresDatabase(database_url, pool_size=1)
    async with database.begin(EVERY_TENANT) as stores:
        assert await stores.tenants.find_by_token(SALON.token) == SALON
    async with database._engine.connect() as connection:
        left = await connection.exec_driver_sql("SELECT count(*) FROM tenants")

        assert left.scalar_one() == 0
    await database.close()


async def test_without_a_tenant_nothing_is_visible(database_url, owner_url, ask_as):
    fill(owner_url)
    database = PostgresDatabase(database_url)
    await hold(database, await an_appointment(database))
    await database.close()

    seen = {role: [table for table in OF_TENANTS if ask_as(role)(f"SELECT * FROM {table}")] for role in (CORE, OWNER)}

    assert seen[CORE] == []
    assert {"tenants", "customers", "appointments"} <= set(seen[OWNER])


@pytest.mark.parametrize("table", [*OF_TENANTS, "procrastinate_jobs"])
def test_the_sidecar_reads_views_and_no_table(ask_as, table):
    sidecar = ask_as(SIDECAR)

    assert len(sidecar("SELECT * FROM monitoring_unsettled")) == 1
    with pytest.raises(errors.InsufficientPrivilege):
        sidecar(f"SELECT * FROM {table}")


def test_the_core_changes_neither_schema_nor_salons(ask):
    for forbidden in (
        "DELETE FROM tenants",
        "UPDATE services SET name = ''",
        "DROP TABLE customers",
        "CREATE TABLE x ()",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            ask(forbidden)


async def test_a_role_that_no_policy_binds_is_let_into_nothing(owner_url):
    database = PostgresDatabase(owner_url)

    with pytest.raises(PrivilegedRole, match="slotwatch_core"):
        async with database.begin(EVERY_TENANT):
            pass
    with pytest.raises(PrivilegedRole):
        await database.ping()
    await database.close()


_A_BUSY_YEAR = """
    INSERT INTO appointments
        (id, tenant_id, service_id, staff_id, customer_id, period, state, key, channel, synthetic, correlation_id)
    SELECT gen_random_uuid(), c.tenant_id, s.id, p.id, c.id, tstzrange(day, day + interval '1 hour'), 'confirmed',
        gen_random_uuid(), 'api', false, 'c'
    FROM customers c, services s, staff p, generate_series(timestamptz '2026-01-01', '2026-12-31', '4 hours') day
    WHERE s.slug = 'haircut'
"""


@pytest.mark.parametrize("look", ["occupied", "workloads"])
async def test_a_look_at_one_day_does_not_read_every_other_day(database_url, owner_url, look):
    """Policies come first: what might leak a row is compared after them, without the help of an index."""
    fill(owner_url)
    database = PostgresDatabase(database_url)
    await an_appointment(database)
    with psycopg.connect(owner_url.replace("+psycopg", "")) as owner:
        owner.execute(_A_BUSY_YEAR)
        owner.execute("ANALYZE")
    asked: list[tuple[str, Any]] = []
    event.listen(database._engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    staff, day = [an_offering("anna").staff_id], (TEN_O_CLOCK, TEN_O_CLOCK + timedelta(hours=8))

    async with database.begin(SALON.id) as stores:
        if look == "occupied":
            await stores.appointments.occupied(SALON.id, staff, *day)
        else:
            await stores.appointments.workloads(SALON.id, staff, day=day, wanted=[day])
    await database.close()

    with psycopg.connect(database_url.replace("+psycopg", "")) as core:
        plan = [line for (line,) in core.execute(f"EXPLAIN {asked[-1][0]}", asked[-1][1]).fetchall()]
    assert any("Index Cond" in line and "starts_at" in line for line in plan), "\n".join(plan)


async def test_an_owner_without_powers_migrates_and_seeds_and_the_sidecar_counts_for_all(cluster):
    """As on a managed PostgreSQL: nobody is a superuser, and the policies bind the owner, too."""
    name = f"plain_{uuid4().hex}"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as administrator:
        administrator.execute(f"CREATE ROLE {name} LOGIN")
        administrator.execute(f"CREATE DATABASE {name} OWNER {name}")
    owner = cluster.url(name, scheme="postgresql+psycopg", role=name)

    migrations.upgrade(owner)
    database = PostgresDatabase(cluster.url(name, scheme="postgresql+psycopg", role=CORE))
    await open_salons(database, owner)
    await database.close()

    with psycopg.connect(cluster.url(name)) as administrator:
        administrator.execute("SET slotwatch.tenant = 'every'")
        backlog = administrator.execute("SELECT backlog FROM monitoring_unsettled").fetchone()
    collector = DatabaseCollector(cluster.url(name, role=SIDECAR), query_seconds=1)
    counted = {family.name: family.samples[0].value for family in collector.collect()}
    assert (counted[catalogue.SYNC_BACKLOG.name],) == backlog > (0,)
    cluster.drop_database(name)
