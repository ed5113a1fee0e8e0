"""Keys are made, shown and ended at a terminal; what is printed once opens the API, and nothing stored does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from booking_core.__main__ import cli
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.domain.access import Bearer, KeyScope
from booking_core.domain.ports import EVERY_TENANT
from tests.contracts.rows import fill
from tests.factories import SALON

pytestmark = pytest.mark.integration

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch, database_url, owner_url) -> Run:
    fill(owner_url)
    monkeypatch.setenv("BOOKING_DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(cli, ["keys", *words])


def create(run: Run, *scopes: str) -> str:
    words = [word for scope in scopes for word in ("--scope", scope)]
    made = run("create", "--tenant", SALON.token, "--label", "kiosk", *words)
    assert made.exit_code == 0, made.output
    return made.stdout.strip()


async def bearer(database_url: str, key: str) -> Bearer | None:
    database = PostgresDatabase(database_url, pool_size=1)
    async with database.begin(EVERY_TENANT) as stores:
        found = await stores.keys.find_bearer(key)
    await database.close()
    return found


def test_the_key_is_printed_once_and_stored_nowhere(run, owner_url):
    key = create(run, "bookings:read")

    with psycopg.connect(owner_url.replace("+psycopg", "")) as owner:
        stored = owner.execute("SELECT k::text FROM api_keys k").fetchall()
    assert len(key) > 40
    assert key not in str(stored)
    assert key not in run("list", "--tenant", SALON.token).output


@pytest.mark.parametrize("scopes", [["bookings:read"], ["bookings:write"], ["bookings:read", "bookings:write"]])
def test_a_made_key_allows_what_it_was_made_for(run, database_url, scopes):
    found = asyncio.run(bearer(database_url, create(run, *scopes)))

    assert found is not None
    assert found.scopes == {KeyScope(each) for each in scopes}


def test_a_revoked_key_opens_nothing_and_stays_listed(run, database_url):
    key = create(run, "bookings:read")
    found = asyncio.run(bearer(database_url, key))
    assert found is not None

    ended = run("revoke", "--tenant", SALON.token, str(found.key_id))
    again = run("revoke", "--tenant", SALON.token, str(found.key_id))

    assert (ended.exit_code, again.exit_code) == (0, 2)
    assert asyncio.run(bearer(database_url, key)) is None
    assert "revoked" in next(
        line for line in run("list", "--tenant", SALON.token).output.splitlines() if str(found.key_id) in line
    )


@pytest.mark.parametrize("words", [["list", "--tenant", "nobody"], ["create", "--tenant", SALON.token, "--label", "x"]])
def test_a_command_that_cannot_be_carried_out_says_why(run, words):
    refused = run(*words)

    assert refused.exit_code == 2
    assert "no salon 'nobody'" in refused.output or "--scope" in refused.output


def test_a_database_that_is_away_is_said_in_a_sentence(monkeypatch, server_room):
    monkeypatch.setenv("BOOKING_DATABASE_URL", f"postgresql+psycopg://slotwatch_core@/x?host={server_room}/nowhere")

    refused = CliRunner().invoke(cli, ["keys", "list", "--tenant", "demo"])

    assert refused.exit_code == 3
    assert "did not answer" in refused.output
