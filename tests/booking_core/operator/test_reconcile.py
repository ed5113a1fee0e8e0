"""The reconcile and hanging commands: what they say, and the exit codes that scripts go by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
import typer

from booking_core.app import reconciliation
from booking_core.domain.discrepancies import Action, Kind, Outcome, Window
from booking_core.domain.errors import CalcomUnavailable
from booking_core.domain.models import UNSETTLED, State
from booking_core.operator import reconcile, wording
from booking_core.operator.hanging import hanging_object
from booking_core.operator.reconcile import Outlook, asked_window, difference_object, summary
from booking_core.services.hanging import Hanging, HangingBookings
from tests.booking_core.conftest import Stage
from tests.factories import NOW, SALON, a_request, an_origin


def test_without_bounds_everything_is_compared():
    assert asked_window(None, None, now=NOW) is None


def test_bounds_without_an_offset_are_utc():
    asked = asked_window("2026-12-02T10:00", "2026-12-02T12:00+01:00", now=NOW)

    assert asked == Window(NOW + timedelta(hours=26), NOW + timedelta(hours=27))


@pytest.mark.parametrize(("since", "until"), [("tomorrow", None), ("2026-12-03", "2026-12-02"), (None, "2020-01-01")])
def test_bounds_that_make_no_sense_leave_with_exit_code_2(since, until, capsys):
    with pytest.raises(typer.Exit) as left:
        asked_window(since, until, now=NOW)

    assert left.value.exit_code == 2
    assert "--" in capsys.readouterr().err


async def differing(stage: Stage, *, runs: int, **options):
    """Book, let our row fail, and reconcile; return the last report."""
    appointment = await stage.core.orchestrator.book(SALON, a_request(), an_origin())
    stage.database.rows.appointments[appointment.id] = replace(
        stage.database.rows.appointments[appointment.id], state=State.FAILED
    )
    reconciler = reconciliation(stage.world, stage.core, stuck_seconds=900, changes_a_day=20)
    for _ in range(runs):
        stage.clock.advance(300)
        report = await reconciler.run(SALON, **options)
    return report


async def test_a_difference_is_told_in_words_with_what_comes_next(stage):
    report = await differing(stage, runs=1)

    (told,) = [difference_object(line, SALON) for line in report.lines]
    assert told == {
        "kind": "orphan_there",
        "outcome": "waiting",
        "difference": "lives at Cal.com only",
        "appointment": str(report.lines[0].finding.appointment.id),
        "calcom_uid": "uid-1",
        "starts": "02.12.2026 10:00",
        "done": "waits",
        "next": "if a run at least 60 s later sees it too: cancel it at Cal.com",
    }
    assert summary(report).startswith("salon-token: 1 appointments here and 1 bookings at Cal.com differ in 1;")


async def test_a_dry_run_tells_what_would_be_done(stage):
    report = await differing(stage, runs=2, dry=True)

    assert [wording.next_step(line) for line in report.lines] == ["once seen twice: cancel it at Cal.com"]


@pytest.mark.parametrize(("runs", "code"), [(1, 1), (2, 0), (3, 0)])
async def test_the_exit_code_says_whether_anything_is_left(stage, runs, code):
    assert Outlook([await differing(stage, runs=runs)], []).exit_code == code


async def test_what_could_not_be_compared_outweighs_what_could(stage):
    outlook = Outlook([await differing(stage, runs=1)], [(SALON, CalcomUnavailable())])

    assert outlook.exit_code == 3
    assert reconcile.as_object(outlook)["not_compared"][0]["reason"] == "calcom_unavailable"


def test_there_are_words_for_everything():
    assert set(wording.KINDS) == set(Kind)
    assert set(wording.ACTIONS) == set(Action)
    assert set(wording.OUTCOMES) == set(Outcome)
    assert set(wording.STATES) == set(UNSETTLED)


async def hanging(stage: Stage) -> list[Hanging]:
    return await HangingBookings(stage.database, stage.clock).of(SALON)


async def test_a_booking_that_waits_for_cal_com_hangs_with_its_age_and_its_job(stage):
    stage.calcom.error = CalcomUnavailable()
    appointment = await stage.core.orchestrator.book(SALON, a_request(), an_origin())
    stage.clock.advance(75)

    (each,) = await hanging(stage)

    assert hanging_object(SALON, each, now=stage.clock.now()) == {
        "tenant": "salon-token",
        "booking": str(appointment.id),
        "why": "not yet asked for at Cal.com",
        "since": "2026-12-01 08:00:00 UTC, 0:01:15 ago",
        "tries": 0,
        "starts": "02.12.2026 10:00",
        "next": "a job settles it now, if a job worker runs",
    }


async def test_a_difference_hangs_once_it_is_believed_and_until_it_is_resolved(stage):
    stage.calcom.refuses_cancelling = True
    await differing(stage, runs=1)
    assert await hanging(stage) == []

    reconciler = reconciliation(stage.world, stage.core, stuck_seconds=900, changes_a_day=20)
    stage.clock.advance(300)
    await reconciler.run(SALON)
    (each,) = await hanging(stage)

    assert wording.hanging_because(each) == "lives at Cal.com only"
    assert wording.hanging_next(each, now=NOW).endswith("ask the customer, then cancel it at Cal.com")


async def test_settled_bookings_do_not_hang(stage):
    await stage.core.orchestrator.book(SALON, a_request(), an_origin())

    assert await hanging(stage) == []


class Terminal:
    """The commands as an operator runs them, where Cal.com does not answer."""

    def __init__(self, database_url: str, directory) -> None:
        self._environment = os.environ | {
            "BOOKING_DATABASE_URL": database_url,
            "BOOKING_METRICS_DIRECTORY": str(directory),
            "BOOKING_REDIS_URL": f"unix://{directory}/nowhere.sock",
            "BOOKING_CALCOM_URL": "http://127.0.0.1:9/v2",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "booking_core", *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)


@pytest.mark.integration
def test_the_commands_leave_with_codes_and_sentences_and_without_tracebacks(owner_url, database_url, tmp_path):
    from tests.contracts.rows import fill  # noqa: PLC0415 - only where there is a database

    fill(owner_url)
    terminal = Terminal(database_url, tmp_path)

    answers = {
        "compare": terminal.run("reconcile", "--tenant", SALON.token, "--json"),
        "unknown": terminal.run("reconcile", "--tenant", "nobody"),
        "hanging": terminal.run("hanging"),
        "no database": Terminal("postgresql+psycopg://slotwatch@/x?host=/nowhere", tmp_path).run("hanging"),
    }

    assert {name: answer.returncode for name, answer in answers.items()} == {
        "compare": 3,
        "unknown": 2,
        "hanging": 0,
        "no database": 3,
    }
    assert json.loads(answers["compare"].stdout)["not_compared"][0]["reason"] == "calcom_unavailable"
    assert answers["hanging"].stdout == "Nothing hangs between Cal.com and us.\n"
    assert not [name for name, answer in answers.items() if "Traceback" in answer.stderr]
