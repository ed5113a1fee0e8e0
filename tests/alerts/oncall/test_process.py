"""The receiver as a process, told by a real Alertmanager with the generated configuration."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from alerts import alertmanager, render
from alerts.alert import Severity, annotations_of, labels_of
from sla.topology import Place, Process

pytestmark = pytest.mark.integration


@contextmanager
def running(*command, **environment):
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | environment)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=10)


@contextmanager
def oncall(state_directory):
    """Start the receiver at a port the system chooses; yield the process and the port it says it listens on."""
    variables = {"ONCALL_PORT": "0", "ONCALL_STATE_DIRECTORY": str(state_directory)}
    with running(sys.executable, "-m", "alerts.oncall", **variables) as process:
        yield process, json.loads(process.stderr.readline())["port"]


def eventually(ask, *, seconds):
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = ask()
        except httpx.TransportError:
            answer = None
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_being_told_to_stop_is_success(number, tmp_path):
    with oncall(tmp_path) as (process, port):
        assert eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/livez").is_success, seconds=10)

        process.send_signal(number)

        assert process.wait(timeout=10) == 0


def test_a_port_in_use_is_named_with_the_remedy(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        variables = {"ONCALL_PORT": str(port), "ONCALL_STATE_DIRECTORY": str(tmp_path)}
        with running(sys.executable, "-m", "alerts.oncall", **variables) as process:
            _, errors = process.communicate(timeout=20)

    assert process.returncode == 2
    assert errors == f"cannot listen on 127.0.0.1:{port}: Address already in use; set ONCALL_HOST and ONCALL_PORT\n"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def alertmanager_at(place, promise, directory):
    configuration = directory / "alertmanager.yml"
    configuration.write_text(render.configuration(place, promise=promise)["alertmanager.yml"])
    found = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    assert found, "Alertmanager is not installed; apt-get install prometheus-alertmanager"
    flags = [
        f"--config.file={configuration}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address={place.address(Process.ALERTMANAGER)}",
        *alertmanager.alertmanager_flags(promise),
    ]
    with running(found, *flags):
        url = place.url(Process.ALERTMANAGER)
        assert eventually(lambda: httpx.get(f"{url}/-/ready").is_success, seconds=10)
        yield url


def fire(url, alerts, promise):
    now = datetime.now(UTC).isoformat()
    body = [
        {
            "labels": {"alertname": alert.name, **labels_of(alert, promise)},
            "annotations": annotations_of(alert, promise),
            "startsAt": now,
        }
        for alert in alerts
    ]
    httpx.post(f"{url}/api/v2/alerts", json=body).raise_for_status()


def test_alertmanager_delivers_each_alert_where_it_belongs(promise, alerts, tmp_path):
    chosen = [alert for alert in alerts if alert.name != "BookingServiceDown"]
    with oncall(tmp_path / "state") as (_, port):
        place = Place("test", ports={Process.ONCALL: port, Process.ALERTMANAGER: free_port()})
        with alertmanager_at(place, promise, tmp_path) as url:
            fire(url, chosen, promise)
            receiver = place.url(Process.ONCALL)
            paging = sorted(alert.name for alert in chosen if alert.severity is Severity.CRITICAL)

            pages = eventually(
                lambda: (p := httpx.get(f"{receiver}/pages").json()) and len(p) == len(paging) and p, seconds=30
            )
            metrics = httpx.get(f"{receiver}/metrics").text

    assert sorted(page["alertname"] for page in pages) == paging
    wait = promise.timers.routes.pager.group_wait.seconds
    assert all(wait - 1 < page["delivery_seconds"] < wait + 10 for page in pages)
    heard = next(line for line in metrics.splitlines() if line.startswith("deadman"))
    assert float(heard.split()[1]) > 0
