"""The core on fakes: the same wiring as in production, another world."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.app import Core, World, assemble, web
from booking_core.caching.store import CacheStore, NoStore
from booking_core.services.calendar import Calendar
from booking_core.services.orchestrator import BookingOrchestrator
from booking_core.telemetry.recorder import Recorder
from tests import factories
from tests.fakes import (
    FakeCacheStore,
    FakeCalcom,
    FakeClock,
    FakeDatabase,
    FakeMailer,
    LyingCacheStore,
    SparingRecorder,
    is_recorded,
)


@dataclass(frozen=True)
class Stage:
    """A salon on fakes, and what a test needs to look at."""

    clock: FakeClock
    database: FakeDatabase
    calcom: FakeCalcom
    mailer: FakeMailer
    registry: CollectorRegistry
    world: World
    core: Core
    apps: dict[int, ASGIApp] = field(default_factory=dict, init=False)

    def count(self, name: str, **labels: str) -> float:
        """Return a sample's value; fails for a sample that does not exist."""
        assert is_recorded(name, labels), f"no sample {name}{labels}"
        return self.registry.get_sample_value(name, labels) or 0.0

    def client(self, *, prompt_v2_percent: int = 0) -> httpx.AsyncClient:
        app = self.apps.get(prompt_v2_percent) or self.apps.setdefault(
            prompt_v2_percent,
            web(self.world, self.core, body_limit_bytes=1024 * 1024, prompt_v2_percent=prompt_v2_percent),
        )
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://core")


@pytest.fixture
def cache() -> type[CacheStore]:
    return FakeCacheStore


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The saga is the same with a cache, without one, and with one whose every word is wrong."""
    if "cache" in metafunc.fixturenames and getattr(metafunc.module, "WITH_EVERY_CACHE", False):
        metafunc.parametrize("cache", [FakeCacheStore, NoStore, LyingCacheStore])


@pytest.fixture
def stage(cache: type[CacheStore]) -> Stage:
    return a_stage(cache)


def a_stage(cache: type[CacheStore] = FakeCacheStore, calcom: FakeCalcom | None = None) -> Stage:
    """Set up a salon of its own, also for the examples of a property."""
    clock = FakeClock(factories.NOW)
    database = FakeDatabase(clock)
    factories.open_salon(database)
    registry = CollectorRegistry()
    calcom, mailer = calcom or FakeCalcom(), FakeMailer()
    world = World(database, calcom, mailer, clock, SparingRecorder(registry), cache(), "pepper")
    core = assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0)
    return Stage(clock, database, calcom, mailer, registry, world, core)


@dataclass(frozen=True)
class RealStage:
    """The core on a real database, empty at first; only Cal.com, the mail and the clock are played."""

    database: PostgresDatabase
    calcom: FakeCalcom
    registry: CollectorRegistry
    core: Core


@pytest.fixture
async def real_stage(database_url, cache: type[CacheStore]) -> AsyncIterator[RealStage]:
    database, calcom, registry = PostgresDatabase(database_url), FakeCalcom(), CollectorRegistry()
    recorder = Recorder(registry)
    world = World(database, calcom, FakeMailer(), FakeClock(factories.NOW), recorder, cache(), "pepper")
    core = assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0)
    yield RealStage(database, calcom, registry, core)
    await core.bus.drain()
    await database.close()


def asking(stage: Stage, *, calcom: Any = None, **otherwise: Any) -> BookingOrchestrator:
    """Return an orchestrator whose making asks another Cal.com, or sleeps otherwise."""
    orchestrator = stage.core.orchestrator
    calendar = orchestrator.making.calendar if calcom is None else Calendar(calcom)
    return replace(orchestrator, making=replace(orchestrator.making, calendar=calendar, **otherwise))
