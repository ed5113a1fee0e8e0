"""What docker-compose.yml says, tried on real programs: the tool that reads it, and the processes that it starts."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from sla import objectives
from sla.topology import NATIVE
from stack import binaries
from stack.errors import Failed
from stack.own_server import OwnServer
from stack.postgres import PrivateCluster
from stack.processes import Program, programs
from stack.run_directory import RunDirectory
from tests.compose.addresses import EVERYWHERE, LOOPBACK
from tests.compose.chain import FILE, ROOT, Chain, Service
from tests.compose.processes import process_of

pytestmark = pytest.mark.integration

CHAIN = Chain.read()


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
def test_docker_compose_accepts_the_file():
    checked = subprocess.run(
        ["docker-compose", "--file", FILE, "config", "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, "")


class Copy:
    """A service of ours, started here as its container would start it; only places and ports differ."""

    def __init__(self, service: Service, room: Path, *, database_url: str) -> None:
        self._service = service
        self._port = free_port()
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONSAFEPATH": "1",
            **{name: self._translated(name, value) for name, value in service.environment.items()},
        }
        for name in self._environment:
            if name.endswith("_DIRECTORY"):
                self._environment[name] = str(room / name)
            if name.endswith("_DATABASE_URL"):
                scheme_and_role = service.environment[name].rpartition(":")[0].rpartition(":")[0]
                self._environment[name] = f"{scheme_and_role}@{database_url.partition('@')[2]}"
        settings = [f"{name}={value}" for name, value in self._environment.items()]
        self.log = room / "log"
        self.server = OwnServer(
            ("env", "-i", *settings, sys.executable, "-m", *service.command),
            log=self.log,
            stop_signal=signal.SIGTERM,
        )

    def _translated(self, name: str, value: str) -> str:
        process = process_of(self._service)
        assert process is not None
        if name == f"{process.prefix}PORT":
            return str(self._port)
        # The others are not there: a closed port of this machine stands for each of them.
        others = "|".join(other.name for other in CHAIN)
        return re.sub(rf"//({others}):\d+", f"//{LOOPBACK}:1", value).replace(EVERYWHERE, LOOPBACK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def is_healthy(self) -> bool:
        """Ask with the container's own health check."""
        how, program, *arguments = self._service.health
        assert (how, program) == ("CMD", "python")
        command = [
            sys.executable,
            *(re.sub(rf"{LOOPBACK}:\d+", f"{LOOPBACK}:{self._port}", word) for word in arguments),
        ]
        try:
            asked = subprocess.run(command, env=self._environment, capture_output=True, timeout=10, check=False)
        except subprocess.TimeoutExpired:
            return False
        return asked.returncode == 0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(params=[service.name for service in CHAIN.ours() if not service.is_step])
def copy(request, tmp_path, database_url) -> Iterator[Copy]:
    with Copy(CHAIN[request.param], tmp_path, database_url=database_url) as copy:
        yield copy


def test_a_process_is_healthy_once_it_runs_and_no_longer_when_it_has_ended(copy):
    assert not copy.is_healthy()

    copy.server.start(copy.is_healthy)
    copy.server.stop()

    assert not copy.is_healthy()


def test_a_process_with_a_misspelt_variable_does_not_start(tmp_path):
    broken = CHAIN.changed("oncall", environment={"ONCALL_STATE_DIR": "/tmp"})

    with (
        Copy(broken["oncall"], tmp_path, database_url="postgresql://unused") as copy,
        pytest.raises(Failed, match="ONCALL_STATE_DIR is not a setting"),
    ):
        copy.server.start(copy.is_healthy)


@pytest.fixture(scope="module")
def native(tmp_path_factory) -> tuple[Program, ...]:
    return programs(RunDirectory(tmp_path_factory.mktemp("run")), NATIVE, objectives.load())


def test_the_native_start_has_no_process_that_compose_lacks(native):
    assert {program.name for program in native} <= {service.name for service in CHAIN}


def before(service: Service) -> set[str]:
    """Return everything that has happened when a service starts."""
    return set(service.needs).union(*(before(CHAIN[name]) for name in service.needs))


def test_both_starts_run_the_same_modules_with_the_same_settings_in_the_same_order(native):
    ours = [(program, CHAIN[program.name]) for program in native if CHAIN[program.name].is_ours]

    for program, service in ours:
        command = list(program.command[program.command.index("-m") + 1 :])
        listening = {name for name in program.environment if name.endswith(("_HOST", "_PORT")) and "SMTP" not in name}

        assert service.command == command
        assert set(program.environment) - listening - set(service.environment) == set()
        assert set(program.after) - before(service) == set()


def test_postgres_gets_the_options_of_the_native_cluster(tmp_path):
    words = CHAIN["postgres"].command[1:]

    assert words[::2] == ["-c"] * (len(words) // 2)
    assert set(words) <= set(PrivateCluster(tmp_path).command())


@pytest.mark.parametrize(
    ("name", "binary"), [("prometheus", binaries.PROMETHEUS), ("alertmanager", binaries.ALERTMANAGER)]
)
def test_prometheus_and_alertmanager_know_the_flags(name, binary):
    told = subprocess.run([binary.get(), "--help"], capture_output=True, text=True, check=False)
    flags = {word.partition("=")[0] for word in CHAIN[name].command}

    assert {flag for flag in flags if f"{flag}=" not in told.stdout + told.stderr} == set()
