"""What every test shares: unit tests may open no socket; integration tests get real servers of their own."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import structlog
from hypothesis import settings

if TYPE_CHECKING:
    from booking_core.adapters.redis import RedisLine

# The same examples in every run and no deadline, so that red is red everywhere; another profile goes on searching.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("integration") or item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.enable_socket)


def pytest_configure() -> None:
    """Modules and tests live to the end: looking for dead ones among them is a seventh of the whole time."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _environment_of_a_fresh_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings must not decide a test."""
    for name in tuple(os.environ):
        if name.startswith(("BOOKING_", "EXPORTER_", "LOADTEST_", "SIMULATOR_", "MAIL_", "ONCALL_", "SLOTWATCH_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _plain_log() -> None:
    """Print tracebacks as Python does: in colours and boxes, with every variable, each costs half a second."""
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, plain],
        cache_logger_on_first_use=False,
    )


@pytest.fixture(scope="session")
def server_room() -> Iterator[Path]:
    """A short directory that PostgreSQL's user can reach."""
    from stack.run_directory import temporary  # noqa: PLC0415 - unit tests need no part of the stack

    with temporary() as directory:
        yield directory


@pytest.fixture(scope="session")
def cluster(server_room: Path) -> Iterator[object]:
    """A real PostgreSQL whose template database is migrated once."""
    from booking_core.adapters.postgres import migrations  # noqa: PLC0415
    from stack.postgres import PrivateCluster  # noqa: PLC0415

    cluster = PrivateCluster(server_room / "postgres", durable=False)
    cluster.initialise()
    cluster.start()
    try:
        cluster.create_database("migrated")
        migrations.upgrade(cluster.url("migrated", scheme="postgresql+psycopg"))
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def own_database(cluster) -> Iterator[str]:
    """The name of a migrated database of this test's own."""
    name = f"test_{uuid4().hex}"
    cluster.create_database(name, template="migrated")
    yield name
    cluster.drop_database(name)


@pytest.fixture
def database_url(cluster, own_database) -> str:
    """Its SQLAlchemy address for the core's role, which sees a tenant's rows only when it says whose it wants."""
    return cluster.url(own_database, scheme="postgresql+psycopg", role="slotwatch_core")


@pytest.fixture
def owner_url(cluster, own_database) -> str:
    """The same database for its owner, who sees everything: for filling it and for looking into it."""
    return cluster.url(own_database, scheme="postgresql+psycopg")


@pytest.fixture
def sidecar_url(cluster, own_database) -> str:
    """The same database for the exporter, as libpq reads it."""
    return cluster.url(own_database, role="slotwatch_sidecar")


@pytest.fixture(scope="session")
def redis_server(server_room: Path) -> Iterator[object]:
    """A real Redis."""
    from stack.redis import PrivateRedis  # noqa: PLC0415

    server = PrivateRedis(server_room / "redis")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
async def redis_line(redis_server) -> AsyncIterator[Callable[[], RedisLine]]:
    """Makes lines to the real Redis, as many as there are to be processes; they end with the test."""
    from booking_core.adapters.redis import RedisLine  # noqa: PLC0415

    async with AsyncExitStack() as lines:

        def line() -> RedisLine:
            made = RedisLine(redis_server.url())
            lines.push_async_callback(made.close)
            return made

        yield line
