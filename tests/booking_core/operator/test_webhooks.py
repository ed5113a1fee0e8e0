"""At a terminal one sees what Cal.com and Retell told us, and has it acted upon once more."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from booking_core.__main__ import cli
from tests.contracts.rows import fill
from tests.factories import SALON, an_id

pytestmark = pytest.mark.integration

Run = Callable[..., Result]
DELIVERY = """
    INSERT INTO webhook_inbox (
        id, tenant_id, source, event, key, subject, digest, body, synthetic, correlation_id, received_at, state,
        attempts, result, error)
    VALUES (%s, %s, 'calcom', 'BOOKING_CREATED', 'k', 'calcom:uid-1', %s, %s, false, 'c', %s, %s, 8, %s, %s)
"""


@pytest.fixture
def run(monkeypatch, database_url, owner_url) -> Run:
    fill(owner_url)
    monkeypatch.setenv("BOOKING_DATABASE_URL", database_url)
    with psycopg.connect(owner_url.replace("+psycopg", "")) as owner:
        for name, day, body, state, result, error in (
            ("failed", 2, b"{}", "failed", "failed", "ValueError"),
            ("done", 1, b"{}", "processed", "applied", None),
            ("old", 1, None, "processed", "applied", None),
        ):
            received = f"2026-12-0{day} 08:00Z"
            owner.execute(DELIVERY, (an_id(name), SALON.id, name, body, received, state, result, error))
    return lambda *words: CliRunner().invoke(cli, ["webhooks", *words])


def states(owner_url: str) -> dict[str, tuple[str, int]]:
    """The state of each delivery, and how many jobs it has."""
    with psycopg.connect(owner_url.replace("+psycopg", "")) as owner:
        rows = owner.execute(
            "SELECT digest, state, (SELECT count(*) FROM procrastinate_jobs WHERE args->>'delivery_id' = d.id::text)"
            " FROM webhook_inbox d"
        ).fetchall()
    return {digest: (state, jobs) for digest, state, jobs in rows}


def listed(run: Run, *words: str) -> list[str]:
    shown = run("list", "--json", *words)
    assert shown.exit_code == 0, shown.output
    return [each["id"] for each in json.loads(shown.stdout)]


def test_deliveries_are_listed_newest_first_with_what_became_of_them(run):
    first = json.loads(run("list", "--json").stdout)[0]

    assert first == {
        "received": "2026-12-02 08:00:00",
        "tenant": SALON.token,
        "source": "calcom",
        "event": "BOOKING_CREATED",
        "about": "calcom:uid-1",
        "state": "failed",
        "result": "failed",
        "tries": 8,
        "error": "ValueError",
        "id": str(an_id("failed")),
    }
    assert "BOOKING_CREATED" in run("list").stdout


def test_a_list_can_be_narrowed(run):
    assert listed(run, "--failed") == listed(run, "--since", "2026-12-02T00:00:00") == [str(an_id("failed"))]
    assert len(listed(run, "--limit", "2")) == 2
    assert run("list", "--since", "2027-01-01").stdout == "There are none.\n"


def test_what_failed_is_acted_upon_once_more(run, owner_url):
    assert run("replay", "--failed").stdout == "Put down again: 1.\n"

    assert states(owner_url) == {"failed": ("received", 1), "done": ("processed", 0), "old": ("processed", 0)}


def test_one_delivery_is_acted_upon_once_more(run, owner_url):
    assert run("replay", "--id", str(an_id("done"))).exit_code == 0

    assert states(owner_url)["done"] == ("received", 1)


def test_a_delivery_whose_body_was_dropped_is_left_and_said_so(run, owner_url):
    replayed = run("replay", "--since", "2026-12-01")

    assert replayed.stdout == "Put down again: 2.\nToo old, their bodies were dropped: 1.\n"
    assert states(owner_url)["old"] == ("processed", 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["replay"], "Say which"),
        (["replay", "--id", str(uuid4())], "There is no delivery"),
        (["list", "--tenant", "nobody"], "There is no salon"),
    ],
)
def test_what_makes_no_sense_is_said_so_with_exit_code_2(run, words, said):
    shown = run(*words)

    assert (shown.exit_code, said in shown.output) == (2, True)
