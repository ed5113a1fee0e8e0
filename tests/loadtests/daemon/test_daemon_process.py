"""The daemon as Prometheus and a supervisor meet it: a real process with real children."""

import json
import os
import re
import signal
import socket
from subprocess import Popen
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.loadtests.fake_core import FakeCore, served
from tests.loadtests.processes import PYTHON, children, is_alive, sla_file, started, wait_until

pytestmark = pytest.mark.integration

DAEMON = (*PYTHON, "loadtests.daemon")


@pytest.fixture
def promise(tmp_path):
    return sla_file(
        tmp_path,
        light={"period": "1s", "timeout": "2s"},
        verdict={"journeys": 60, "per_second": 40},
        full={"period": "2s"},
    )


class Daemon:
    """A running daemon: its process, its address, what it has logged."""

    def __init__(self, process: Popen[str]) -> None:
        self.process = process
        self.log: list[str] = []
        stderr = process.stderr
        assert stderr
        Thread(target=lambda: self.log.extend(iter(stderr.readline, "")), daemon=True).start()
        found = wait_until(lambda: re.search(r'"address":"(http://[^"]+)"', "".join(self.log)), seconds=15)
        self.address = found[1]

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.address + path, trust_env=False)

    def verdict(self) -> dict[str, Any]:
        """Return the verdict; empty before the first."""
        answer = self.get("/verdict")
        return answer.json() if answer.status_code == 200 else {}

    def value(self, series: str) -> float:
        (line,) = [line for line in self.get("/metrics").text.splitlines() if line.startswith(f"{series} ")]
        return float(line.rpartition(" ")[2])

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=10)


def test_the_daemon_judges_watches_recovers_and_leaves_nothing_behind(tmp_path, promise):
    state = tmp_path / "state"
    state.mkdir()
    (state / "journal.json").write_text('["left-by-the-last-daemon"]')
    core = FakeCore(bookings={"left-by-the-last-daemon": "some time"})
    with (
        served(core) as url,
        started(*DAEMON, target_url=url, sla_file=promise, state_directory=state, port=0) as process,
    ):
        daemon = Daemon(process)
        assert daemon.get("/livez").status_code == 200
        assert daemon.get("/verdict").status_code == 503

        verdict = wait_until(daemon.verdict, seconds=20)
        assert verdict["verdict"] == "pass"
        assert verdict["samples"] >= 60
        assert 35 < verdict["p95_seconds"] < 45
        assert "left-by-the-last-daemon" not in core.bookings

        assert daemon.value('booking_probe_runs_total{verdict="pass"}') == 1
        assert daemon.value('booking_probe_checks_total{probe="light",result="ok"}') >= 1
        assert daemon.value('booking_probe_consecutive_failures{probe="light"}') == 0
        assert "_created" not in daemon.get("/metrics").text

        (watch,) = wait_until(lambda: children(process.pid), seconds=5)
        os.kill(watch, signal.SIGKILL)
        wait_until(lambda: daemon.value('booking_probe_checks_total{probe="light",result="failed"}') == 1, seconds=5)
        wait_until(lambda: children(process.pid) - {watch}, seconds=10)

        core.overrides["check_availability"] = (503, {})
        wait_until(lambda: daemon.value('booking_probe_consecutive_failures{probe="full"}') >= 1, seconds=10)
        wait_until(lambda: daemon.verdict()["verdict"] != "pass", seconds=5)
        core.overrides.clear()

        left = children(process.pid)
        assert daemon.end() == 0
        assert not any(map(is_alive, left))
    assert core.bookings == {}
    assert json.loads((state / "verdict.json").read_text())["samples"] >= 60


def test_children_do_not_outlive_a_daemon_that_was_killed(tmp_path, promise):
    with (
        served(FakeCore()) as url,
        started(*DAEMON, target_url=url, sla_file=promise, state_directory=tmp_path / "state", port=0) as process,
    ):
        Daemon(process)
        born = wait_until(lambda: len(children(process.pid)) == 2 and children(process.pid), seconds=10)

        process.kill()

        wait_until(lambda: not any(map(is_alive, born)), seconds=10)


def test_a_port_in_use_and_a_useless_state_directory_are_refused_with_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            started(*DAEMON, port=port, state_directory=tmp_path) as blocked,
            started(*DAEMON, port=0, state_directory=tmp_path / "file" / "state") as homeless,
        ):
            said = {process: process.communicate(timeout=20)[1] for process in (blocked, homeless)}

    assert (blocked.returncode, homeless.returncode) == (2, 2)
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; free it or set LOADTEST_PORT" in said[blocked]
    assert "set LOADTEST_STATE_DIRECTORY" in said[homeless]
