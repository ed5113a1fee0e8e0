"""The whole chain, as `make up` starts it: bookings become numbers, a dead worker loses none, an outage pages."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.collectors.workers import holders
from sla import catalogue as c
from sla import objectives
from sla.catalogue import Home
from sla.topology import Process
from stack import ports
from stack.chain_api import ChainApi
from stack.native import Chain
from stack.postgres import PrivateCluster
from stack.processes import DEMO
from stack.run_directory import prepare, temporary
from tests.dashboards import linter
from tests.dashboards.test_on_prometheus import chosen

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

T = TypeVar("T")

BOARDS = Path(__file__).parents[2] / "dashboards" / "generated"
# What is summed of whole hours has nothing to say before the first; what is recorded every five minutes, before those;
# nobody rings through Retell here; and how long the circuit has been open is asked only of one that is.
MAY_BE_EMPTY = re.compile(
    "|".join(
        (
            r"ratio_rate(6h|1d|3d|30d)",
            "error_budget_remaining",
            "slo:uptime",
            "slo:objective",
            'slo="journey_latency"',
            c.BREAKER_OPENED.name,
        )
    )
)

# Every call takes a slot of its own: tests run in any order and share the salon.
_numbers = count()


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with temporary() as directory, Chain(prepare(at=directory / "run"), ports.place([], {}, free=True)) as chain:
        chain.start(lambda _statuses: None)
        yield chain


@pytest.fixture(scope="module")
def api(chain: Chain) -> Iterator[ChainApi]:
    """What can be asked of the chain, once the probe has judged it: an outage before that would be its verdict."""
    api = ChainApi(chain.place)
    until(api.verdict, seconds=90, what="the first verdict")
    yield api
    api.client.close()


def until(look: Callable[[], T | None], *, seconds: float, what: str) -> T:
    """Look again and again until there is something to see."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.25)
    raise AssertionError(f"{what} did not happen within {seconds:g} s")


def book(chain: Chain) -> dict[str, Any]:
    """Book a slot over a connection of its own, so that the kernel may choose either worker."""
    number = next(_numbers)
    morning = datetime.now(UTC).replace(hour=4, minute=0) + timedelta(days=3)
    start = morning + timedelta(minutes=5 * number)
    body = {
        "service": "probe",
        "start": start.strftime("%Y-%m-%dT%H:%M"),
        "customer": {"name": "Erika Muster", "phone": f"+4930231250{number % 100:02}"},
    }
    key = {"Authorization": f"Bearer {DEMO.api_key}"}
    answer = httpx.post(f"{chain.place.url(Process.CORE)}/v1/bookings", json=body, headers=key, timeout=15)
    result: dict[str, Any] = answer.json()
    return result


def real_attempts(chain: Chain, **labels: str) -> float:
    """Sum the sidecar's counter of real attempts over everything but the labels given."""
    text = httpx.get(f"{chain.place.url(Process.EXPORTER)}/metrics", timeout=5).text
    wanted = {"traffic": "real", **labels}.items()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == c.ATTEMPTS.name and wanted <= sample.labels.items()
    )


def test_the_exporter_publishes_exactly_what_the_catalogue_says(chain):
    text = httpx.get(f"{chain.place.url(Process.EXPORTER)}/metrics", timeout=5).text

    published = {family.name for family in text_string_to_metric_families(text)}
    expected = {metric.name.removesuffix("_total") for home in (Home.CORE, Home.SIDECAR) for metric in c.of(home)}
    assert published == expected


def stored(chain: Chain, *states: str) -> int:
    """Count in one statement: between two of them a job may settle an appointment, and neither would see it."""
    with psycopg.connect(PrivateCluster(chain.run.postgres).url()) as connection:
        query = "SELECT count(*) FROM appointments WHERE NOT synthetic AND state = ANY(%s)"
        row = connection.execute(query, [list(states)]).fetchone()
        assert row is not None
        return int(row[0])


def queried(chain: Chain, expression: str) -> float | None:
    answer = httpx.get(f"{chain.place.url(Process.PROMETHEUS)}/api/v1/query", params={"query": expression}, timeout=5)
    result = answer.json()["data"]["result"]
    return float(result[0]["value"][1]) if result else None


def test_bookings_through_both_workers_are_the_number_that_postgresql_holds(chain):
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: book(chain), range(24)))

    assert {answer["status"] for answer in answers} == {"confirmed"}
    # What another test left waiting was counted as queued, and is settled in its own time.
    counted = real_attempts(chain, outcome="confirmed") + real_attempts(chain, outcome="queued")
    assert counted == stored(chain, "confirmed", "queued", "unknown", "creating")
    wrote = sorted(path.name for path in (chain.run.path / "metrics").glob("counter_http-*.db"))
    assert wrote == ["counter_http-0.db", "counter_http-1.db"]


def test_a_booking_is_a_sample_in_prometheus_after_a_scrape_or_two(chain):
    book(chain)
    expected = real_attempts(chain)
    expression = f'sum({c.ATTEMPTS.name}{{traffic="real"}})'

    until(lambda: queried(chain, expression) == expected or None, seconds=20, what="the sample in Prometheus")


def test_commands_for_the_core_know_the_addresses_of_the_chain(chain):
    environment = {**os.environ, "SLOTWATCH_RUN_DIRECTORY": str(chain.run.path)}
    command = [Path(sys.executable).with_name("slotwatch"), "core", "hanging", "--json"]

    answered = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (answered.returncode, answered.stderr) in {(0, ""), (1, "")}
    assert isinstance(json.loads(answered.stdout), list)


def test_a_process_can_be_stopped_and_started_by_hand_as_the_runbooks_say(chain):
    control = [sys.executable, "-m", "supervisor.supervisorctl", "-c", chain.run.path / "supervisord.conf"]

    status = subprocess.run([*control, "status", "redis"], capture_output=True, text=True, check=False)

    assert status.stdout.split()[:2] == ["redis", "RUNNING"]


def test_every_panel_has_data_on_the_running_chain_once_somebody_called(chain, api):
    empty: list[tuple[str, str, str]] = []

    def all_filled() -> bool | None:
        book(chain)
        empty[:] = [
            (board["uid"], panel["title"], target["expr"])
            for board in map(json.loads, (file.read_text() for file in sorted(BOARDS.glob("*.json"))))
            for panel in linter.panels(board)
            for target in panel["targets"]
            if not MAY_BE_EMPTY.search(target["expr"]) and queried(chain, chosen(target["expr"])) is None
        ]
        return not empty or None

    try:
        until(all_filled, seconds=100, what="data in every panel")
    except AssertionError:
        assert empty == []


def test_a_killed_worker_loses_no_count_and_is_replaced(chain):
    for _ in range(4):
        book(chain)
    before = real_attempts(chain)
    workers = {slot: pid for slot, pid in holders(chain.run.path / "metrics").items() if slot.startswith("http")}

    os.kill(workers["http-0"], signal.SIGKILL)

    assert real_attempts(chain) == before

    def replaced() -> bool | None:
        now = holders(chain.run.path / "metrics")
        return (now.get("http-0") not in (None, workers["http-0"])) or None

    until(replaced, seconds=60, what="a new worker in the old slot")
    assert book(chain)["status"] == "confirmed"
    assert real_attempts(chain) == before + 1


def test_the_probe_gives_a_verdict_and_leaves_no_booking_behind(chain, api):
    verdict = api.verdict()

    assert verdict["samples"] >= objectives.load().probe.verdict.journeys
    # A machine that leaves the generator too little time may leave the core too little, too: then nothing is a pass.
    was_hindered = any("generator" in reason for reason in verdict["reasons"])
    assert (verdict["verdict"] == "pass") is not was_hindered, verdict["reasons"]
    with psycopg.connect(PrivateCluster(chain.run.postgres).url()) as connection:
        held = "SELECT count(*) FROM appointments WHERE synthetic AND state IN ('confirmed', 'creating')"
        # A journey of the running minute may just be on its way.
        until(lambda: connection.execute(held).fetchone() == (0,) or None, seconds=30, what="the probe's clean-up")


def test_an_outage_pages_on_call_in_time_and_what_was_taken_down_meanwhile_is_confirmed_once(chain, api):
    began = datetime.now(UTC)
    api.cut_calcom(seconds=180)
    try:
        answer = book(chain)
        page = until(lambda: page_of("BookingProbeFailing", api, since=began), seconds=90, what="a critical page")
    finally:
        api.heal_calcom()
        await_recovery(chain)

    assert answer["status"] == "queued"
    assert (page.received_at - began).total_seconds() < objectives.load().time_to_page.seconds
    settled = until(lambda: settled_state(chain, answer["appointment_id"]), seconds=150, what="the settlement")
    assert settled == "confirmed"
    held = httpx.get(f"{chain.place.url(Process.SIMULATOR)}/control/bookings", timeout=5).json()["bookings"]
    assert [each["metadata"].get("bc_booking") for each in held].count(answer["appointment_id"]) == 1


def settled_state(chain: Chain, appointment_id: str) -> str | None:
    with psycopg.connect(PrivateCluster(chain.run.postgres).url()) as connection:
        query = "SELECT state FROM appointments WHERE id = %s AND state NOT IN ('queued', 'unknown', 'creating')"
        row = connection.execute(query, [appointment_id]).fetchone()
    return row and row[0]


def await_recovery(chain: Chain) -> None:
    """The circuit closes with the first call that succeeds after its half minute; other tests need it closed."""
    until(lambda: book(chain)["status"] == "confirmed" or None, seconds=60, what="a booking after the outage")


def page_of(alertname: str, api: ChainApi, *, since: datetime):
    pages = (page for page in api.pages() if page.alertname == alertname and page.received_at >= since)
    return next((page for page in pages if page.severity == "critical"), None)
