"""A simulator without a socket, at a frozen time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from loadtests.calcom_simulator.app import build
from loadtests.calcom_simulator.settings import SimulatorSettings
from tests.loadtests.calcom_simulator.desk import Desk, FrozenClock, Inbox


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="session")
def settings() -> SimulatorSettings:
    return SimulatorSettings(api_key=SecretStr("cal_demo"), seed=7)


@pytest.fixture
async def desk(clock: FrozenClock, settings: SimulatorSettings) -> AsyncIterator[Desk]:
    inbox = Inbox()
    # A transport of its own spares every test the loading of certificates.
    async with httpx.AsyncClient(transport=httpx.MockTransport(inbox.receive)) as webhooks:
        simulator = build(settings, clock=clock, client=webhooks)
        transport = httpx.ASGITransport(simulator.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://calcom") as http:
            yield Desk(simulator, clock, http, inbox)
