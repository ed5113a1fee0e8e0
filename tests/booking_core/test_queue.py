"""A job exists exactly when what it is about was committed."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import procrastinate
import pytest
from sqlalchemy import create_engine, text

from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.domain.rules import booking_turn
from booking_core.durable import Durable
from booking_core.jobs import Jobs
from tests.factories import SALON

pytestmark = pytest.mark.integration


def waiting(url: str) -> list[tuple[str, str]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT task_name, lock FROM procrastinate_jobs WHERE status = 'todo'")).all()
    engine.dispose()
    return [(row[0], row[1]) for row in rows]


def run(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


async def test_a_job_is_there_once_its_transaction_is_committed(database_url, owner_url):
    database, appointment_id = PostgresDatabase(database_url), uuid4()
    async with database.begin(SALON.id) as stores:
        await stores.queue.settle(SALON.id, appointment_id, after_seconds=5)
        assert waiting(owner_url) == []
    await database.close()

    assert waiting(owner_url) == [("settle", f"booking:{appointment_id}")]


async def test_news_about_a_booking_passes_what_waits_for_its_time_and_takes_its_turn(database_url, owner_url):
    database, appointment_id, delivery_id = PostgresDatabase(database_url), uuid4(), uuid4()
    async with database.begin(SALON.id) as stores:
        await stores.queue.settle(SALON.id, appointment_id, after_seconds=300)
        subject = booking_turn(appointment_id)
        for _ in range(2):
            await stores.queue.process_delivery(SALON.id, delivery_id, subject=subject, after_seconds=0)
    await database.close()

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=libpq(database_url)))
    async with app.open_async():
        worker_id = await app.job_manager.register_worker()
        first = await app.job_manager.fetch_job(queues=None, worker_id=worker_id)
        run(owner_url, "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")
        second = await app.job_manager.fetch_job(queues=None, worker_id=worker_id)

    assert first is not None
    assert (first.task_name, first.task_kwargs["delivery_id"]) == ("process_delivery", str(delivery_id))
    assert second is None


async def test_a_stalled_job_whose_successor_waits_already_lets_it_go_on(database_url, owner_url):
    database, appointment_id = PostgresDatabase(database_url), uuid4()
    for status in ("doing", "todo"):
        async with database.begin(SALON.id) as stores:
            await stores.queue.settle(SALON.id, appointment_id, after_seconds=0)
        if status == "doing":
            # As a worker that was killed leaves it.
            run(owner_url, "UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL")
    await database.close()

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=libpq(database_url)))
    async with app.open_async():
        await Jobs(None, None, None, app, Durable(app), timedelta(), jitter=lambda: 0.0).retry_stalled(0)
        fetched = await app.job_manager.fetch_job(queues=None, worker_id=await app.job_manager.register_worker())

    assert fetched is not None
    assert fetched.lock == f"booking:{appointment_id}"


async def test_a_job_goes_with_the_transaction_that_is_rolled_back(database_url, owner_url):
    database = PostgresDatabase(database_url)

    async def put_down_and_fail():
        async with database.begin(SALON.id) as stores:
            await stores.queue.settle(SALON.id, uuid4(), after_seconds=5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await put_down_and_fail()
    await database.close()

    assert waiting(owner_url) == []


async def test_a_job_that_waits_already_costs_the_transaction_nothing(database_url, owner_url):
    database, appointment_id = PostgresDatabase(database_url), uuid4()
    for _ in range(2):
        async with database.begin(SALON.id) as stores:
            await stores.queue.settle(SALON.id, appointment_id, after_seconds=300)
            await stores.queue.undo(SALON.id, "uid-1", reason="made too late")
            assert await stores.appointments.find(SALON.id, appointment_id) is None
    await database.close()

    assert sorted(waiting(owner_url)) == [("settle", f"booking:{appointment_id}"), ("undo", "undo:uid-1")]
