"""A simulator that is started again: it knows what was booked, as Cal.com would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from loadtests.calcom_simulator.app import build
from loadtests.calcom_simulator.settings import SimulatorSettings
from tests.loadtests.calcom_simulator.desk import COURSE, TEN, Desk, FrozenClock, Inbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bookings.json"


@asynccontextmanager
async def a_life(file: Path) -> AsyncIterator[Desk]:
    """A simulator from its start to its end, at the same moment every time."""
    inbox, clock = Inbox(), FrozenClock()
    settings = SimulatorSettings(api_key=SecretStr("cal_demo"), seed=7, memory=file)
    webhooks = httpx.AsyncClient(transport=httpx.MockTransport(inbox.receive))
    simulator = build(settings, clock=clock, client=webhooks)
    transport = httpx.ASGITransport(simulator.app)
    async with (
        simulator.app.router.lifespan_context(simulator.app),
        httpx.AsyncClient(transport=transport, base_url="http://calcom") as http,
    ):
        yield Desk(simulator, clock, http, inbox)


async def test_what_was_booked_and_cancelled_is_known_after_a_restart(file):
    async with a_life(file) as desk:
        kept, gone = await desk.booked(), await desk.booked(start="2026-11-24T12:00:00Z")
        await desk.cancel(gone["uid"])
        seated = await desk.booked(eventTypeId=COURSE, start="2026-11-24T14:00:00Z")
        before = await desk.held()
    async with a_life(file) as desk:
        again = await desk.create(start=TEN)
        following = await desk.booked(start="2026-11-24T13:00:00Z")
        after = await desk.held()

    assert again.status_code == 400
    assert after[: len(before)] == before
    assert following["uid"] not in {kept["uid"], gone["uid"], seated["uid"]}
    assert following["id"] not in {kept["id"], gone["id"], seated["id"]}


async def test_the_first_life_knows_nothing(file):
    async with a_life(file) as desk:
        assert await desk.held() == []


async def test_a_file_that_cannot_be_read_is_set_aside_and_told_of(file):
    file.write_text('[{"event_type"')

    with capture_logs() as logs:
        async with a_life(file) as desk:
            held = await desk.held()

    assert held == []
    assert [(line["event"], line["error"]) for line in logs] == [("memory_unreadable", "ValidationError")]
    assert file.with_suffix(".unreadable").read_text() == '[{"event_type"'


async def test_a_memory_that_cannot_be_written_is_told_of_and_ends_nothing(tmp_path):
    with capture_logs() as logs:
        async with a_life(tmp_path / "nowhere" / "bookings.json"):
            pass

    assert [line["event"] for line in logs] == ["memory_not_written"]
