"""What Retell is told of the agent is what the endpoints do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from typer.testing import CliRunner

from booking_core.__main__ import cli
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.agent.definition import definition, prompt, tools
from booking_core.domain.models import PromptVersion
from booking_core.domain.ports import EVERY_TENANT
from booking_core.http.functions import FUNCTIONS
from booking_core.http.inbound import Variables
from loadtests import conversation
from tests.booking_core.http.requests import FUNCTIONS as FUNCTIONS_PATH
from tests.booking_core.http.requests import call
from tests.contracts.rows import fill
from tests.factories import SALON, an_id

URL = f"https://booking.example{FUNCTIONS_PATH}"
TOOLS = {tool["name"]: tool for tool in tools(PromptVersion.V2, URL)}

# One valid value for each argument that a plain word does not fit.
SAMPLES = {
    "date": "2026-12-02",
    "time": "10:00",
    "start": "2026-12-02T10:00",
    "email": "erika@example.org",
    "appointment_id": str(an_id("appointment")),
    "confidence": {"name": 0.9},
}


def valid(name: str) -> dict[str, Any]:
    return {field: SAMPLES.get(field, "cut") for field in TOOLS[name]["parameters"]["properties"]}


def required(name: str) -> list[str]:
    return TOOLS[name]["parameters"]["required"]


ARGUMENTS = [(name, field) for name in TOOLS for field in valid(name)]


async def complaint(stage, name: str, args: dict) -> list[str]:
    """Return the arguments that the endpoint finds fault with before it does anything."""
    answer = await call(stage, name, args)
    assert answer.status_code == 200
    return [each["field"] for each in answer.json().get("errors", []) if answer.json()["reason"] == "invalid_request"]


@pytest.mark.parametrize("name", TOOLS)
async def test_the_endpoint_takes_the_arguments_of_every_tool(stage, name):
    assert await complaint(stage, name, valid(name)) == []
    assert await complaint(stage, name, {field: valid(name)[field] for field in required(name)}) == []


@pytest.mark.parametrize(("name", "field"), ARGUMENTS)
async def test_an_argument_is_required_exactly_when_its_tool_says_so(stage, name, field):
    args = {other: value for other, value in valid(name).items() if other != field}

    assert (field in await complaint(stage, name, args)) == (field in required(name))


@pytest.mark.parametrize(("name", "field"), ARGUMENTS)
async def test_a_text_that_its_tool_calls_too_long_is_refused_by_the_endpoint(stage, name, field):
    schema = TOOLS[name]["parameters"]["properties"][field]
    too_long = "x" * (schema.get("maxLength", 1000) + 1)

    assert field in await complaint(stage, name, {**valid(name), field: too_long})


@pytest.mark.parametrize(("name", "field"), ARGUMENTS)
def test_every_argument_tells_the_language_model_what_to_put_there(name, field):
    schema = TOOLS[name]["parameters"]["properties"][field]

    assert schema["description"].endswith(".")
    assert schema["type"] == ("object" if field == "confidence" else "string")
    assert "anyOf" not in schema


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_keeps_to_the_limits_of_retell(name):
    tool = TOOLS[name]

    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name)
    assert (tool["type"], tool["method"], tool["args_at_root"]) == ("custom", "POST", False)
    assert 1000 <= tool["timeout_ms"] <= 600_000
    assert 0 <= tool["max_retry"] <= 5
    assert tool["description"]


@pytest.mark.parametrize("version", PromptVersion)
def test_every_function_that_a_prompt_mentions_exists(version):
    mentioned = set(re.findall(r"`(\w+_\w+)`", prompt(version)))

    assert "book_appointment" in mentioned
    assert mentioned - {"appointment_id"} <= FUNCTIONS.keys()


def test_the_new_prompt_says_when_to_call_each_function():
    assert set(re.findall(r"`(\w+_\w+)`", prompt(PromptVersion.V2))) >= FUNCTIONS.keys()


def test_the_probe_plays_our_prompts_and_calls_our_functions():
    assert [version.value for version in conversation.Prompt] == [version.value for version in PromptVersion]
    assert {function.value for function in conversation.Function} <= FUNCTIONS.keys()


@pytest.mark.parametrize("version", PromptVersion)
def test_every_variable_of_a_prompt_is_one_we_send_and_has_a_default(version):
    rendered = definition(version, URL)
    used = set(re.findall(r"\{\{(\w+)\}\}", rendered["general_prompt"] + rendered["begin_message"]))

    assert "salon_name" in used
    assert used <= Variables.model_fields.keys() == rendered["default_dynamic_variables"].keys()


@pytest.mark.parametrize("version", PromptVersion)
def test_an_agent_says_which_prompt_it_speaks_by(version):
    rendered = definition(version, URL)

    assert rendered["default_dynamic_variables"]["prompt_version"] == version
    assert {tool["headers"]["x-prompt-version"] for tool in rendered["general_tools"]} == {version}


def test_only_the_old_prompt_asks_again():
    assert "Never ask for a name you have" in prompt(PromptVersion.V2)
    assert "Confirm once" in prompt(PromptVersion.V2)
    assert "ask for the name again" in prompt(PromptVersion.V1)


def test_the_command_prints_json_with_the_address_of_the_salon():
    given = ["agent", "render", "--version", "v1", "--tenant", SALON.token, "--base-url", "https://booking.example/"]
    printed = CliRunner().invoke(cli, given)

    assert printed.exit_code == 0
    assert json.loads(printed.output) == definition(PromptVersion.V1, URL)


def test_the_command_refuses_a_version_there_is_not():
    assert CliRunner().invoke(cli, ["agent", "render", "--version", "v3"]).exit_code == 2


@pytest.mark.integration
async def test_an_agent_is_assigned_to_a_prompt_and_leaves_the_other_its_own(database_url, owner_url, monkeypatch):
    fill(owner_url)
    monkeypatch.setenv("BOOKING_MIGRATION_DATABASE_URL", owner_url)
    orders = [("agent_1", "v1", SALON.token), ("agent_2", "v2", SALON.token), ("agent_3", "v2", "nobody")]

    codes = [
        CliRunner().invoke(cli, ["agent", "assign", agent, "--version", version, "--tenant", token]).exit_code
        for agent, version, token in orders
    ]
    database = PostgresDatabase(database_url)
    async with database.begin(EVERY_TENANT) as stores:
        salon = await stores.tenants.find_by_token(SALON.token)
    await database.close()

    assert codes == [0, 0, 2]
    assert salon is not None
    assert salon.agents == {PromptVersion.V1: "agent_1", PromptVersion.V2: "agent_2"}
