"""How many statements a booking sends, and that each finds its rows by an index however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event

from booking_core.caching.store import CacheStore, NoStore
from booking_core.domain.models import AvailabilityRequest, BookingRequest
from booking_core.domain.ports import EVERY_TENANT
from tests.booking_core.conftest import RealStage
from tests.contracts.rows import fill, hire
from tests.factories import NOW, SALON, TEN_O_CLOCK, a_request, an_origin
from tests.fakes import FakeCacheStore

pytestmark = pytest.mark.integration

MANY_APPOINTMENTS = Path(__file__).with_name("many_appointments.sql")
# As many as contract.md allows.
AT_MOST = 9
# More rows than any one statement has business with.
MANY = 200
# So small that reading all of it is the quickest; with more salons PostgreSQL changes its mind by itself.
READ_WHOLE = ("tenants",)


@pytest.fixture
def cache() -> type[CacheStore]:
    """Every question goes to the database, unless a test says otherwise."""
    return NoStore


async def statements_of_a_booking(real_stage: RealStage, request: BookingRequest) -> float:
    counted = "booking_db_queries_per_booking_sum"
    before = real_stage.registry.get_sample_value(counted)
    assert before is not None
    await real_stage.core.orchestrator.book(SALON, request, an_origin())
    after = real_stage.registry.get_sample_value(counted)
    assert after is not None
    return after - before


@pytest.mark.parametrize("staff", ["anna", None])
async def test_a_booking_sends_at_most_nine_statements(real_stage, owner_url, staff):
    fill(owner_url)
    await statements_of_a_booking(real_stage, a_request(start="2026-12-02T09:00", staff=staff))

    assert await statements_of_a_booking(real_stage, a_request(staff=staff)) <= AT_MOST


@pytest.mark.parametrize("cache", [FakeCacheStore])
@pytest.mark.parametrize(("staff", "at_most"), [("anna", 4), (None, 5)])
async def test_a_booking_by_a_known_caller_sends_fewer(real_stage, owner_url, staff, at_most):
    fill(owner_url)
    await statements_of_a_booking(real_stage, a_request(start="2026-12-02T09:00", staff=staff))

    assert await statements_of_a_booking(real_stage, a_request(staff=staff)) <= at_most


async def test_more_staff_are_not_more_statements(real_stage, owner_url):
    fill(owner_url, "anna", "ben")
    wish = AvailabilityRequest("haircut", TEN_O_CLOCK.date())
    counts = []
    for number in range(2):
        with real_stage.database.counting() as statements:
            await real_stage.core.slots.find(SALON, wish)
        booked = await statements_of_a_booking(real_stage, a_request(start=f"2026-12-02T1{number}:00"))
        counts.append((statements.count, booked))
        if number == 0:
            hire(owner_url, *"cdefghijklm")

    assert counts[0] == counts[1]


async def test_every_statement_finds_its_rows_by_an_index_among_100_000(real_stage, database_url, owner_url):
    run(owner_url, MANY_APPOINTMENTS.read_text("utf-8"))
    with sent() as statements:
        await everything_a_salon_does(real_stage)

    read = list(plans(database_url, statements))

    assert len(read) > 15
    assert [each for each in read if each.node == "Seq Scan" and each.table not in READ_WHOLE] == []
    assert [each for each in read if each.rows > MANY] == []


def run(url: str, script: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execution_options(no_parameters=True).exec_driver_sql(script)
    engine.dispose()


async def everything_a_salon_does(real_stage: RealStage) -> None:
    """Book, ask, copy, put down, settle and cancel."""
    async with real_stage.database.begin(EVERY_TENANT) as stores:
        salon = await stores.tenants.find_by_token("t1")
    assert salon is not None
    for number, staff in enumerate((None, "p1")):
        request = a_request(service="s1", start=f"2026-12-05T1{number}:00", staff=staff)
        booked = await real_stage.core.orchestrator.book(salon, request, an_origin())
        assert await real_stage.core.orchestrator.book(salon, request, an_origin()) == booked
        await real_stage.core.cancellation.cancel(salon, booked.id, reason="ill")
    await real_stage.core.slots.find(salon, AvailabilityRequest("s1", TEN_O_CLOCK.date()))
    await real_stage.core.bus.drain()
    async with real_stage.database.begin(EVERY_TENANT) as stores:
        await stores.appointments.give_up_creating(NOW)
        (tenant_id, appointment_id), *_ = await stores.appointments.unsettled(at_most=100)
        await stores.appointments.abandoned_synthetic(NOW, at_most=50)
    assert await real_stage.core.settlement.settle(tenant_id, appointment_id, tries=0) is None


@contextmanager
def sent() -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that SQLAlchemy sends, with their parameters."""
    statements: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", keep)


@dataclass(frozen=True)
class Read:
    """How one table was read by one statement, and how many rows were looked at."""

    node: str
    table: str
    rows: float
    statement: str


def plans(url: str, statements: Sequence[tuple[str, Any]]) -> Iterator[Read]:
    """Explain each statement again as the core's own role, seeing what it saw; nothing it does remains."""
    engine = create_engine(url)
    with engine.connect() as connection:
        for statement, parameters in statements:
            if "set_config" in statement:
                connection.rollback()
                connection.exec_driver_sql(statement, parameters)
                continue
            if "procrastinate" in statement or "SAVEPOINT" in statement:
                continue
            explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
            for node in nodes(explained.scalar_one()[0]["Plan"]):
                if "Relation Name" in node:
                    looked_at = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                    yield Read(node["Node Type"], node["Relation Name"], looked_at, statement)
    engine.dispose()


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
