"""The real process: it starts, hangs nobody but the hung, and ends cleanly on a signal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.loadtests.calcom_simulator.desk import OWNER, PROBE, SLOTS, booking_body, slot_query

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.integration


@dataclass
class Running:
    """A simulator in a process of its own."""

    process: subprocess.Popen[str]
    http: httpx.Client

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=15)


@pytest.fixture
def running() -> Iterator[Running]:
    environment = {name: content for name, content in os.environ.items() if not name.startswith("SIMULATOR_")}
    command = [sys.executable, "-m", "loadtests.calcom_simulator"]
    process = subprocess.Popen(
        command, env=environment | {"SIMULATOR_PORT": "0"}, cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    listening = json.loads(process.stderr.readline())
    with process.stderr, httpx.Client(base_url=f"http://127.0.0.1:{listening['port']}", timeout=10) as http:
        yield Running(process, http)
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_ends_with_code_zero_on_a_signal(running: Running, number: signal.Signals):
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    days = running.http.get("/v2/slots", params=slot_query(start=day, end=day), headers=SLOTS).json()["data"]
    assert len(days[day]) == 288

    assert running.stop(number) == 0


def test_a_hung_call_holds_up_neither_others_nor_the_end_of_the_process(running: Running):
    running.http.post("/control/faults", json={"fault": "hang", "seconds": 600, "operation": "me"})
    with ThreadPoolExecutor(2) as pool:
        hung = pool.submit(running.http.get, "/v2/me", headers=OWNER)
        gave_up = pool.submit(httpx.get, str(running.http.base_url.join("/v2/me")), headers=OWNER, timeout=0.3)
        with pytest.raises(httpx.ReadTimeout):
            gave_up.result(timeout=10)
        started = time.monotonic()
        for _ in range(20):
            assert running.http.get("/livez").status_code == 200
        assert time.monotonic() - started < 2
        assert not hung.done()
        calls = _eventually_counted(running, "me")

        assert running.stop() == 0
        assert hung.result(timeout=10).status_code == 503

    assert calls == {"499": 1}


def test_a_client_that_gives_up_during_latency_has_booked_nevertheless(running: Running):
    running.http.post("/control/faults", json={"fault": "latency", "seconds": 60, "delay_seconds": 0.5})
    start = (datetime.now(UTC) + timedelta(days=30)).date().isoformat() + "T10:00:00Z"

    with pytest.raises(httpx.ReadTimeout):
        running.http.post("/v2/bookings", json=booking_body(start=start, eventTypeId=PROBE), timeout=0.1)

    assert _eventually_counted(running, "create") == {"201": 1}
    assert len(running.http.get("/control/bookings").json()["bookings"]) == 1


def test_a_port_in_use_is_named_with_the_remedy():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "loadtests.calcom_simulator", "--port", str(port)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)

    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "SIMULATOR_PORT" in ended.stderr


def _eventually_counted(running: Running, operation: str) -> dict[str, int]:
    for _ in range(100):
        counts: dict[str, int] = running.http.get("/control/calls").json()["calls"].get(operation, {})
        if counts:
            return counts
        time.sleep(0.05)
    raise AssertionError(f"no call of {operation} was ever answered")
