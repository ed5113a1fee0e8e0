"""VictoriaMetrics as the remote store: Prometheus writes to it, and it answers what Prometheus would be asked."""

import json
import math
import re
import shutil
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from alerts import outside, remote_store, render
from dashboards import render as boards
from sla.topology import NATIVE, Place, Process
from stack.cli import app
from tests.dashboards import history, linter
from tests.dashboards.test_on_prometheus import chosen
from tests.prometheus import free_port, serving, wait_until_ready
from tests.sla.report import test_month_on_prometheus as october

integration = pytest.mark.integration
DOCUMENTATION = (render.ROOT / "docs" / "HISTORY.md").read_text("utf-8")
_MILLISECONDS = 1000
# It takes nothing from the future, in which the history of the dashboards' tests lies.
_EARLIER = 3 * 365 * 24 * 3600


def test_it_keeps_samples_for_more_than_a_year(promise):
    assert promise.timers.history_retention.seconds >= 400 * 24 * 3600
    assert promise.timers.history_retention > promise.timers.retention


def test_the_page_about_it_says_how_long_and_where(promise):
    assert f" {' '.join(remote_store.victoria_metrics_flags(promise))}\n" in DOCUMENTATION
    assert f".run/secrets/{remote_store.ADDRESS}" in DOCUMENTATION
    assert f"keeps {promise.timers.retention.seconds / 86400:g} days" in DOCUMENTATION


def test_no_address_writes_nowhere(tmp_path, promise):
    assert remote_store.remote_write(tmp_path) == []
    assert "remote_write" not in render.configuration(NATIVE, promise=promise)["prometheus.yml"]


def test_an_address_is_written_to(tmp_path, promise):
    (tmp_path / remote_store.ADDRESS).write_text("http://store:8428/api/v1/write\n")

    texts = render.configuration(NATIVE, promise=promise, remote_write=remote_store.remote_write(tmp_path))

    assert yaml.safe_load(texts["prometheus.yml"])["remote_write"] == [{"url": "http://store:8428/api/v1/write"}]


def test_an_empty_address_is_refused(tmp_path):
    (tmp_path / remote_store.ADDRESS).touch()

    with pytest.raises(outside.SecretError, match="remote_write_url is empty"):
        remote_store.remote_write(tmp_path)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Iterator[httpx.Client]:
    program = shutil.which("victoria-metrics")
    if program is None:
        pytest.skip("VictoriaMetrics is not on this machine; apt-get install victoria-metrics")
    address = f"127.0.0.1:{free_port()}"
    # Samples of a fixed date must not become too old one day; they are seen at once, not after half a minute.
    flags = ("-retentionPeriod=100y", "-search.latencyOffset=0s", "-loggerLevel=ERROR", f"-httpListenAddr={address}")
    command = [program, f"-storageDataPath={tmp_path_factory.mktemp('store')}", *flags]
    with subprocess.Popen(command) as process, httpx.Client(base_url=f"http://{address}", timeout=60) as client:
        try:
            wait_until_ready(client, process, path="/health")
            yield client
        finally:
            process.terminate()


def bring(store: httpx.Client, text: str, *, earlier: int = 0) -> None:
    """Import OpenMetrics text, whose times are in seconds, as if it had been so much earlier."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    body = "\n".join(f"{sample} {(int(moment) - earlier) * _MILLISECONDS}" for sample, _, moment in lines)
    store.post("/api/v1/import/prometheus", content=body.encode()).raise_for_status()
    store.get("/internal/force_flush").raise_for_status()


def ask(store: httpx.Client, expression: str, at: float) -> list[dict]:
    answer = store.get("/api/v1/query", params={"query": expression, "time": at}).json()
    assert answer["status"] == "success", (expression, answer)
    return answer["data"]["result"]


@integration
def test_prometheus_writes_what_it_scrapes_and_records(store, tmp_path, edited):
    quick = edited(month=("month_evaluation_interval: 5m", "month_evaluation_interval: 1s"))
    render.write(quick, generated=tmp_path / "generated", runbooks=tmp_path / "runbooks")
    (tmp_path / remote_store.ADDRESS).write_text(f"{store.base_url}/api/v1/write")
    place = Place("test", ports={process: free_port() for process in Process})
    rules, writes = str(tmp_path / "generated/rules/*.yaml"), remote_store.remote_write(tmp_path)
    text = render.configuration(place, promise=quick, rules=rules, remote_write=writes)["prometheus.yml"]

    with serving(tmp_path, configuration=text):
        deadline = time.monotonic() + 60
        while not (scraped := ask(store, "up", time.time())) or not ask(store, "slo:objective:ratio", time.time()):
            assert time.monotonic() < deadline
            time.sleep(0.2)

    assert scraped[0]["value"][1] == "0"
    targets = {
        found["metric"]["slo"]: float(found["value"][1]) for found in ask(store, "slo:objective:ratio", time.time())
    }
    assert targets["booking_success"] == float(quick.objectives.booking_success.target)


@integration
def test_every_query_of_every_panel_is_answered(store, promise):
    bring(store, history.open_metrics(promise), earlier=_EARLIER)

    empty = []
    for name, text in boards.files(promise).items():
        if name.endswith(".json"):
            for panel in linter.panels(json.loads(text)):
                for target in panel["targets"]:
                    found = ask(store, chosen(target["expr"]), history.END - _EARLIER)
                    if not found or not all(math.isfinite(float(each["value"][1])) for each in found):
                        empty.append((name, panel["title"], target["expr"]))
    assert empty == []


@integration
def test_a_report_of_a_month_is_made_from_it(store, tmp_path):
    bring(store, "\n".join(october.lines()))

    options = ("--month", "2026-10", "--url", str(store.base_url), "--oncall", "http://127.0.0.1:9")
    done = CliRunner().invoke(app, ["report", *options, "--directory", str(tmp_path)])

    assert done.exit_code == 0, done.output
    success = json.loads((tmp_path / "2026-10" / "report.json").read_text())["objectives"][0]["raw"]
    assert (success["events"], success["bad"]) == (october.EVENTS, october.BAD)


def test_no_file_outside_the_secrets_names_a_store():
    for path in (render.GENERATED / NATIVE.name).iterdir():
        assert not re.search("remote_write", path.read_text("utf-8"))
