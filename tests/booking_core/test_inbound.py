"""What Retell hears when the telephone rings, and how soon."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from booking_core.adapters import retell
from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.domain.models import PromptVersion, Tenant
from booking_core.http import inbound
from booking_core.http.life import Life
from booking_core.http.middleware import Entrance
from booking_core.services.caller_recognition import CallerRecognition
from booking_core.services.tenants import TenantDirectory
from tests.booking_core.conftest import Stage
from tests.factories import API_KEY, NOW, SALON, a_request, a_wish, an_origin

RINGING = f"/v1/retell/{SALON.token}/inbound"
ERIKA = "+4930901820"
BARE = {"call_inbound": {}}
STRANGER = {
    "salon_name": "Salon Test",
    "time_zone": "Europe/Berlin",
    "today": "Tuesday, 1 December 2026",
    "caller_name": "",
    "last_service": "",
}
AGENTS = {PromptVersion.V1: "agent_1", PromptVersion.V2: "agent_2"}


async def ring(client: httpx.AsyncClient, number: Any = ERIKA, *, key: str = SALON.retell_api_key, **more: Any):
    """Ring as Retell announces it."""
    body = json.dumps(
        {"event": "call_inbound", "call_inbound": {"from_number": number, "to_number": "+49301", **more}}
    ).encode()
    async with client:
        return await client.post(RINGING, content=body, headers={retell.HEADER: retell.sign(body, key, now=NOW)})


async def told(client: httpx.AsyncClient, **ringing: Any) -> dict[str, Any]:
    answer = await ring(client, **ringing)
    assert answer.status_code == 200
    return answer.json()["call_inbound"]


def employ(stage: Stage, agents: dict[PromptVersion, str]) -> None:
    salon: Tenant = replace(SALON, agents=agents)
    stage.database.rows.tenants[API_KEY] = salon


async def test_a_known_caller_is_called_by_the_first_name_and_what_they_had_last(stage):
    await stage.core.orchestrator.book(SALON, a_request(wish=a_wish("Erika Muster")), an_origin())

    assert (await told(stage.client()))["dynamic_variables"] == {
        **STRANGER,
        "caller_name": "Erika",
        "last_service": "Haircut",
    }


@pytest.mark.parametrize("number", [ERIKA, "anonymous", "", None, "+1"])
async def test_a_stranger_has_no_name(stage, number):
    assert (await told(stage.client(), number=number))["dynamic_variables"] == STRANGER


async def test_another_salon_does_not_learn_the_name(stage):
    stage.database.rows.customers = {}
    other = stage.database.rows.tenants["sk_other"]
    async with stage.database.begin(other.id) as stores:
        await stores.customers.resolve(other.id, a_wish("Erika Muster", ERIKA))

    assert (await told(stage.client()))["dynamic_variables"] == STRANGER


async def test_every_variable_is_one_that_the_prompts_know(stage):
    employ(stage, AGENTS)

    assert (await told(stage.client()))["dynamic_variables"].keys() == inbound.Variables.model_fields.keys()


@pytest.mark.parametrize(("percent", "version"), [(0, "v1"), (100, "v2")])
async def test_the_agent_of_the_chosen_prompt_takes_the_call_and_the_call_says_so(stage, percent, version):
    employ(stage, AGENTS)

    answer = await told(stage.client(prompt_v2_percent=percent))

    assert answer["override_agent_id"] == AGENTS[PromptVersion(version)]
    assert answer["metadata"] == {"prompt_version": version}
    assert answer["dynamic_variables"]["prompt_version"] == version


async def test_a_salon_without_an_agent_for_the_prompt_is_told_no_version(stage):
    employ(stage, {PromptVersion.V1: "agent_1"})

    assert await told(stage.client(prompt_v2_percent=100)) == {"dynamic_variables": STRANGER}


async def test_the_same_call_announced_again_gets_the_same_agent(stage):
    employ(stage, AGENTS)
    calls = [f"call_{number}" for number in range(20)]

    rounds = [
        [(await told(stage.client(prompt_v2_percent=50), call_id=call))["override_agent_id"] for call in calls]
        for _ in range(2)
    ]

    assert rounds[0] == rounds[1]
    assert set(rounds[0]) == {"agent_1", "agent_2"}


async def test_a_wrongly_signed_announcement_is_401_and_learns_nothing(stage):
    assert (await ring(stage.client(), key="wrong")).status_code == 401


@pytest.mark.parametrize("number", [7, ["+49"], "x" * 100])
async def test_an_announcement_we_do_not_understand_lets_the_call_through(stage, number):
    assert (await ring(stage.client(), number=number)).json() == BARE


async def test_without_a_database_the_call_goes_through(stage):
    stage.database.down = True

    assert (await ring(stage.client())).json() == BARE


class Silent:
    """A database that does not answer, and takes its time even to be told that nobody waits any more."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    @asynccontextmanager
    async def begin(self, *_: object):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await self.let_go.wait()
            raise AppointmentDatabaseError from None
        yield


@pytest.fixture
async def silent():
    database = Silent()
    yield database
    database.let_go.set()


def impatient(stage: Stage, *, tenants: TenantDirectory, callers: CallerRecognition) -> httpx.AsyncClient:
    """A webhook whose time is up as soon as it has to wait for anything at all."""
    app = FastAPI()
    app.include_router(inbound.router(callers, tenants, stage.clock, v2_percent=100, within_seconds=0))
    entrance = Entrance(app, answered=lambda *_: None, body_limit_bytes=1024, life=Life())
    return httpx.AsyncClient(transport=httpx.ASGITransport(entrance), base_url="http://core")


async def test_a_silent_database_costs_the_name_and_not_the_call(stage, silent):
    employ(stage, AGENTS)

    answer = await told(impatient(stage, tenants=stage.core.tenants, callers=CallerRecognition(silent)))

    assert answer["dynamic_variables"] == {**STRANGER, "prompt_version": "v2"}
    assert answer["override_agent_id"] == "agent_2"


async def test_a_silent_database_does_not_keep_a_salon_we_cannot_name_from_being_called(stage, silent):
    directory = TenantDirectory(silent, stage.clock)

    answer = await ring(impatient(stage, tenants=directory, callers=stage.core.callers))

    assert (answer.status_code, answer.json()) == (200, BARE)
