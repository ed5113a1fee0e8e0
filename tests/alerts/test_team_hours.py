"""A real Alertmanager outside the team's hours: a warning waits, a page does not, and the log has both."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from alerts import render
from sla.topology import Place, Process
from tests.prometheus import free_port, wait_until_ready

pytestmark = pytest.mark.integration


class Desk:
    """Stands for the on-call receiver, and remembers which path heard which alert."""

    def __init__(self) -> None:
        heard = self.heard = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                heard.extend((self.path, alert["labels"]["alertname"]) for alert in body["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, format, *args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def wait_for(self, *wanted) -> None:
        deadline = time.monotonic() + 30
        while not set(wanted) <= set(self.heard):
            assert time.monotonic() < deadline, self.heard
            time.sleep(0.05)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.server:
        Thread(target=desk.server.serve_forever, daemon=True).start()
        yield desk
        desk.server.shutdown()


def hours(*, now: bool) -> tuple[str, str]:
    """Return the line of sla.yaml that makes it working time today, or only the day before yesterday."""
    day = datetime.now(UTC) - timedelta(days=0 if now else 2)
    return "days: [monday, tuesday, wednesday, thursday, friday]", f"days: [{day:%A}]".lower()


def quick(edited, *, now: bool):
    return edited(
        days=hours(now=now),
        begin=('"08:00"', '"00:00"'),
        end=('"18:00"', '"23:59"'),
        zone=("time_zone: Europe/Berlin\n\nalerts", "time_zone: UTC\n\nalerts"),
        team=("team: {group_wait: 1m, group_interval: 10m", "team: {group_wait: 0s, group_interval: 1s"),
        audit=("audit: {group_wait: 30s, group_interval: 5m", "audit: {group_wait: 0s, group_interval: 1s"),
        pager=("pager: {group_wait: 5s", "pager: {group_wait: 1s"),
        evidence=("evidence: {group_wait: 5s", "evidence: {group_wait: 0s"),
    )


@pytest.fixture
def alertmanager(desk, tmp_path):
    """Return a function that starts Alertmanager for a promise and tells it of a warning and a page."""
    started = []

    def start(promise) -> None:
        program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        assert program, "Alertmanager is not installed; `make test` installs it"
        place = Place("test", ports={Process.ONCALL: desk.port})
        (tmp_path / "alertmanager.yml").write_text(render.configuration(place, promise=promise)["alertmanager.yml"])
        address = f"127.0.0.1:{free_port()}"
        flags = (
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            "--cluster.listen-address=",
            "--log.level=error",
        )
        process = subprocess.Popen([program, *flags, f"--web.listen-address={address}"], cwd=tmp_path)
        client = httpx.Client(base_url=f"http://{address}")
        started.append((process, client))
        wait_until_ready(client, process, path="/-/ready")
        told = [
            {"labels": {"alertname": name, "severity": name.lower(), "service": "booking"}}
            for name in ("Warning", "Critical")
        ]
        client.post("/api/v2/alerts", json=told).raise_for_status()

    yield start
    for process, client in started:
        client.close()
        process.terminate()
        process.wait()


def test_outside_their_hours_the_team_hears_nothing_and_on_call_everything(alertmanager, desk, edited):
    alertmanager(quick(edited, now=False))

    # The page waits longer than the warning would.
    desk.wait_for(("/audit", "Warning"), ("/audit", "Critical"), ("/pager", "Critical"))

    assert ("/team", "Warning") not in desk.heard


def test_within_their_hours_the_team_hears_of_a_warning(alertmanager, desk, edited):
    alertmanager(quick(edited, now=True))

    desk.wait_for(("/audit", "Warning"), ("/team", "Warning"), ("/pager", "Critical"))
