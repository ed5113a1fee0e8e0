import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import booking_core.__main__
import stack.cli
from alerts import recording, render, runbook
from loadtests.calcom_simulator.fault_orders import FaultOrder
from sla import objectives
from sla.topology import NATIVE, Process
from tests.alerts.inventory import existing, named

HEADINGS = [
    "1. In one sentence",
    "2. Is it real?",
    "3. Impact now",
    "4. First 5 minutes",
    "5. Diagnose",
    "6. Causes and fixes",
    "7. Dependencies",
    "8. Verify recovery",
    "9. Escalation and comms",
    "10. After",
    "11. How this alert works",
    "12. Rehearse",
]
RUNBOOKS = [runbook.DIRECTORY / f"{name}.md" for name in sorted({a.name for a in recording.alerts(objectives.load())})]
CLIS = {"booking_core": booking_core.__main__.cli, "stack.cli": stack.cli.app}
# The page about all of them, not about one alert.
INDEX = runbook.DIRECTORY / runbook.INDEX


def every_runbook():
    return pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)


def every_page():
    return pytest.mark.parametrize("path", [INDEX, *RUNBOOKS], ids=lambda path: path.stem)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert():
    written = {path.name for path in runbook.DIRECTORY.glob("*.md")} - {runbook.INDEX}
    assert written == {path.name for path in RUNBOOKS}


@every_runbook()
def test_a_runbook_has_the_twelve_sections_in_order(path):
    assert re.findall(r"^## (.+)$", path.read_text("utf-8"), re.MULTILINE) == HEADINGS


@every_runbook()
def test_a_runbook_is_short_enough_for_a_bad_night(path):
    assert len(path.read_text("utf-8").splitlines()) <= 100


@every_page()
def test_every_query_parses_and_names_series_that_exist(path, promise):
    queries = re.findall(r"```promql\n(.*?)```", path.read_text("utf-8"), re.DOTALL)

    assert len(queries) > 1
    for query in queries:
        assert named(query) <= existing(promise)


@every_page()
def test_every_series_in_the_prose_exists(path, promise):
    prose = re.findall(r"`((?:booking|deadman|exporter|oncall|alert|job|slo)_[a-z_]+)`", path.read_text("utf-8"))
    assert set(prose) <= existing(promise)


@every_page()
def test_every_address_is_one_of_ours(path):
    ports = {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", path.read_text("utf-8"))}
    assert ports <= {NATIVE.port(process) for process in Process}


@every_page()
def test_every_panel_and_every_file_it_points_to_exists(path):
    text = path.read_text("utf-8")
    boards = "".join(board.read_text("utf-8") for board in (render.ROOT / "dashboards/generated").glob("*.json"))

    for panel in re.findall(r'[Pp]anel "([^"]+)"', text):
        assert f'"title": "{panel}"' in boards
    for file in re.findall(r"\b(?:alerts|sla|tests|runbooks)/[\w/.*]+\w", text):
        assert any(Path(render.ROOT).glob(file)), file


@every_page()
def test_every_alert_it_mentions_exists(path, alerts):
    known = {alert.name for alert in alerts}
    assert set(re.findall(r"\bBooking[A-Z]\w+", path.read_text("utf-8"))) <= known


@every_page()
def test_every_fault_it_orders_is_one_the_simulator_takes(path):
    orders = re.findall(r"-d '(\{\"fault\".*?\})'", path.read_text("utf-8"))

    for order in orders:
        assert FaultOrder.model_validate_json(order)


@every_page()
def test_every_command_of_ours_exists(path):
    text = path.read_text("utf-8")
    commands = {
        *re.findall(r"python -m (booking_core(?: [a-z]+)?)", text),
        *(f"stack.cli {name}" for name in re.findall(r"\bslotwatch ([a-z]+)\b", text)),
    }

    for command in commands:
        package, *subcommand = command.split()
        # What stands behind `slotwatch core` is the core's, --help too, and needs a chain that runs.
        ask = "--about" if command == "stack.cli core" else "--help"
        assert CliRunner().invoke(CLIS[package], [*subcommand, ask]).exit_code == 0, command


def test_the_entry_page_asks_the_four_questions_of_the_specification():
    headings = re.findall(r"^## (\d\. .+)$", INDEX.read_text("utf-8"), re.MULTILINE)

    assert headings == [
        "1. The success rate drops",
        "2. Latency jumps",
        "3. Orphaned bookings",
        "4. The circuit is open",
    ]


def test_the_entry_page_leads_to_every_runbook_and_nowhere_else():
    links = set(re.findall(r"\]\((\w+\.md)\)", INDEX.read_text("utf-8")))

    assert links == {path.name for path in RUNBOOKS}


def test_the_guides_themselves_lead_to_every_alert_that_pages(alerts):
    guides = INDEX.read_text("utf-8").partition(runbook.BEGIN)[0]
    pages = {alert.name for alert in alerts if alert.severity == "critical"}

    assert {name for name in pages if f"({name}.md)" not in guides} == set()
