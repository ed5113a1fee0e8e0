"""A whole month in a real Prometheus, worked out by hand: what the report says must be what happened."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sla import budgets, history, objectives, uptime
from sla.report import period
from stack.cli import app
from tests.prometheus import remembering
from tests.sla.report.months import BERLIN

pytestmark = pytest.mark.integration

OCTOBER = period.month("2026-10", BERLIN)
FIVE, MINUTE = timedelta(minutes=5), timedelta(minutes=1)
# The monitoring was away for one day: it saw nothing, so nobody knows.
DARK = period.between("2026-10-08", "2026-10-09", BERLIN)
# One bad hour on a busy morning, and agreed maintenance at night that failed everything.
BURST = period.between("2026-10-14T10:00", "2026-10-14T11:00", BERLIN)
MAINTENANCE = period.between("2026-10-20T02:00", "2026-10-20T03:00", BERLIN)
AGREED = """
- start: 2026-10-20T02:00:00+02:00
  end: 2026-10-20T03:00:00+02:00
  reason: PostgreSQL 17
  approved_by: Ada
"""


def inside(moment: datetime, stretch: period.Period) -> bool:
    return stretch.start < moment <= stretch.end


def lines() -> Iterator[str]:
    """Write the month: one booking every five minutes, but for what is said above."""
    sli = budgets.slis(objectives.load())[0]
    counts = {
        recording.name: dict(recording.labels)
        for recording in (budgets.events(sli, history.STEP), budgets.bad_events(sli, history.STEP))
    }
    (events, slo), (bad, _) = counts.items()
    reason = history.failures_by_reason().name
    families: dict[str, list[str]] = {name: [] for name in (events, bad, reason, uptime.VALID, uptime.GOOD, "ALERTS")}

    def put(name: str, moment: datetime, value: float, **labels: str) -> None:
        text = ",".join(f'{label}="{word}"' for label, word in labels.items())
        families[name].append(f"{name}{{{text}}} {value:g} {moment.timestamp():.0f}")

    moment = OCTOBER.start
    while moment < OCTOBER.end:
        moment += FIVE
        if inside(moment, DARK):
            continue
        failing = inside(moment, BURST) or inside(moment, MAINTENANCE)
        put(events, moment, 50 if inside(moment, BURST) else 1, **slo)
        put(bad, moment, 25 if inside(moment, BURST) else int(failing), **slo)
        put(reason, moment, 25 if inside(moment, BURST) else int(failing), reason="database_unavailable")
        for minute in range(5):
            put(uptime.VALID, moment - minute * MINUTE, 1)
            put(uptime.GOOD, moment - minute * MINUTE, int(not failing))
        if inside(moment, BURST):
            for minute in range(5):
                labels = {"alertname": "BookingSuccessRateLow", "alertstate": "firing", "severity": "critical"}
                put("ALERTS", moment - minute * MINUTE, 1, **labels)
    for name, samples in families.items():
        yield f"# TYPE {name} gauge"
        yield from sorted(samples, key=lambda sample: float(sample.rpartition(" ")[2]))
    yield "# EOF"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory) -> Iterator[str]:
    """A Prometheus that has lived through that month."""
    with remembering(tmp_path_factory.mktemp("prometheus"), lines()) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture(scope="module")
def written(prometheus, tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("reports")
    maintenance = directory / "maintenance.yaml"
    maintenance.write_text(AGREED)
    arguments = ["report", "--month", "2026-10", "--url", prometheus, "--oncall", "http://127.0.0.1:9"]
    done = CliRunner().invoke(app, [*arguments, "--maintenance", str(maintenance), "--directory", str(directory)])
    assert done.exit_code == 0, done.output
    return directory / "2026-10"


@pytest.fixture(scope="module")
def document(written) -> dict:
    return json.loads((written / "report.json").read_text())


# 745 hours in that October, 24 of them dark; 12 steps an hour.
STEPS = (745 - 24) * 12
EVENTS = STEPS - 12 + 12 * 50
BAD = 12 * 25 + 12


def test_all_four_forms_are_written(written):
    assert sorted(path.name for path in written.iterdir()) == ["report.csv", "report.html", "report.json", "report.md"]


def test_the_success_rate_is_that_of_all_bookings_together(document):
    success, *_ = document["objectives"]

    assert (success["raw"]["events"], success["raw"]["bad"]) == (EVENTS, BAD)
    assert success["raw"]["good_share"] == pytest.approx(1 - BAD / EVENTS)
    assert success["kept"] is False


def test_without_the_agreed_maintenance_its_failures_and_its_bookings_are_gone(document):
    adjusted = document["objectives"][0]["adjusted"]

    assert (adjusted["events"], adjusted["bad"]) == (EVENTS - 12, BAD - 12)


def test_each_week_took_what_failed_in_it(document):
    weeks = {week["week"]: week["bad"] for week in document["objectives"][0]["weeks"]}

    assert weeks == {"2026-W40": 0, "2026-W41": 0, "2026-W42": 300, "2026-W43": 12, "2026-W44": 0}


def test_uptime_counts_minutes_and_not_bookings(document):
    up = document["uptime"]["raw"]

    assert (up["events"], up["bad"]) == (STEPS * 5, 120)


def test_the_dark_day_is_neither_good_nor_bad_but_missing(document):
    assert document["coverage"] == pytest.approx(721 / 745, abs=1e-4)
    assert document["sufficient"] is True


def test_the_page_is_an_incident_from_begin_to_end(document):
    (incident,) = document["incidents"]

    assert incident["alertname"] == "BookingSuccessRateLow"
    begin, end = (datetime.fromisoformat(incident[key]) for key in ("start", "end"))
    assert abs(begin - BURST.start) <= 2 * MINUTE
    # Prometheus shows a series for five minutes after its last sample.
    assert timedelta(0) <= end - BURST.end <= 6 * MINUTE
    assert incident["seconds_to_page"] is None


def test_failures_are_told_by_reason(document):
    assert document["failures_by_reason"] == {"database_unavailable": BAD}


def test_months_without_data_are_not_known_and_not_perfect(document):
    assert set(document["trend"].values()) == {None}


def test_the_table_has_one_line_a_figure(written):
    rows = {row["figure"]: row for row in csv.DictReader((written / "report.csv").read_text().splitlines())}

    assert float(rows["booking_success"]["value"]) == pytest.approx(1 - BAD / EVENTS)
    assert float(rows["uptime"]["bad"]) == 120


def test_the_page_needs_no_network_and_no_script(written):
    text = (written / "report.html").read_text()

    assert text.count("<svg") == 3
    assert "<script" not in text
    assert "src=" not in text.replace("img-src", "")


def test_a_month_that_was_hardly_seen_is_judged_insufficient_and_exits_2(prometheus, tmp_path):
    arguments = ["report", "--from", "2026-10-07T18:00", "--to", "2026-10-09T00:00", "--url", prometheus]
    done = CliRunner().invoke(app, [*arguments, "--oncall", "http://127.0.0.1:9", "--directory", str(tmp_path)])

    assert done.exit_code == 2
    assert "Insufficient data: only 20.00 % of the time was seen." in done.output
    (document,) = (json.loads(file.read_text()) for file in tmp_path.glob("*/report.json"))
    assert {each["kept"] for each in (*document["objectives"], document["uptime"])} == {None}


def test_a_prometheus_that_is_not_there_is_named_and_exits_1(tmp_path):
    done = CliRunner().invoke(app, ["report", "--month", "2026-10", "--url", "http://127.0.0.1:9"])

    assert done.exit_code == 1
    assert "http://127.0.0.1:9 does not answer like Prometheus" in done.output


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium on this machine; apt-get install chromium")
def test_a_browser_opens_the_page_without_network(written, tmp_path):
    picture = tmp_path / "report.png"
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--window-size=1100,2600", f"--screenshot={picture}")
    environment = {**os.environ, "HOME": str(tmp_path)}
    command = ["chromium", *flags, (written / "report.html").as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=environment)

    assert picture.stat().st_size > 20_000


def test_now_is_in_the_small_print(written):
    assert f"Made {datetime.now(UTC).astimezone(BERLIN):%Y-%m-%d}" in (written / "report.md").read_text()
