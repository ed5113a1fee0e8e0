"""The breaker command says how the circuit stands in words, moves it, and counts what it moved."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import redis
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from booking_core.operator.breaker import described
from booking_core.resilience.breaker_store import BreakerState, Standing
from booking_core.resilience.circuit_breaker import CALCOM
from tests.factories import NOW


def words(**standing) -> dict[str, str]:
    first, *rest = described(CALCOM, Standing(**standing), now=NOW).splitlines()
    return {"circuit": first} | {line[:16].strip(): line[16:] for line in rest}


def test_a_closed_circuit_shows_how_near_it_is_to_opening():
    said = words(failures=3)

    assert said["circuit"] == "calcom: closed"
    assert said["meaning"] == "Calls to Cal.com go through."
    assert said["failures"] == "3 in the last 60 s; it opens at 5"
    assert (said["opened"], said["next trial"], said["forced"]) == ("-", "-", "no")


def test_an_open_circuit_shows_since_when_and_until_when():
    said = words(
        state=BreakerState.OPEN,
        failures=5,
        opened_seconds_ago=18,
        left_closed_seconds_ago=78,
        retry_after_seconds=12,
    )

    assert said["opened"] == "2026-12-01 07:59:42 UTC, 18 s ago"
    assert said["outage since"] == "2026-12-01 07:58:42 UTC, 78 s ago"
    assert said["next trial"] == "in 12 s"


def test_a_half_open_circuit_waits_for_the_next_call():
    assert words(state=BreakerState.HALF_OPEN, opened_seconds_ago=40, left_closed_seconds_ago=40)["next trial"] == (
        "the next call"
    )


@pytest.mark.parametrize("state", [BreakerState.OPEN, BreakerState.CLOSED])
def test_what_an_operator_holds_names_the_way_out(state):
    said = words(state=state, is_forced=True, opened_seconds_ago=1, left_closed_seconds_ago=1, retry_after_seconds=30)

    assert said["meaning"].endswith("until `reset`.")
    assert said["forced"] == "yes, by an operator"


class Terminal:
    """The command as an operator runs it."""

    def __init__(self, redis_url: str, directory) -> None:
        self._environment = os.environ | {"BOOKING_REDIS_URL": redis_url, "BOOKING_METRICS_DIRECTORY": str(directory)}
        self._directory = directory

    def breaker(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "booking_core", "breaker", *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)

    def transitions(self, to: str) -> float | None:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._directory))
        return registry.get_sample_value("booking_circuit_breaker_transitions_total", {"name": "calcom", "to": to})


@pytest.fixture
def terminal(redis_server, tmp_path) -> Terminal:
    with redis.Redis.from_url(redis_server.url()) as client:
        client.flushall()
    return Terminal(redis_server.url(), tmp_path)


@pytest.mark.integration
def test_an_order_holds_is_counted_once_and_ends_with_reset(terminal):
    assert terminal.breaker("status").returncode == 0

    assert terminal.breaker("open").returncode == 0
    assert terminal.breaker("open").returncode == 0
    held = terminal.breaker("status", "--json")
    assert held.returncode == 1
    assert json.loads(held.stdout)["state"] == "open"
    assert json.loads(held.stdout)["is_forced"] is True

    assert terminal.breaker("reset").returncode == 0
    assert json.loads(terminal.breaker("status", "--json").stdout) == {
        "state": "closed",
        "is_forced": False,
        "failures": 0,
        "opened_seconds_ago": None,
        "left_closed_seconds_ago": None,
        "retry_after_seconds": 0.0,
    }
    assert (terminal.transitions("open"), terminal.transitions("closed")) == (1, 1)


@pytest.mark.integration
def test_without_redis_the_command_says_so_and_changes_nothing(tmp_path):
    answer = Terminal(f"unix://{tmp_path}/nowhere.sock", tmp_path).breaker("open")

    assert answer.returncode == 3
    assert "Redis did not answer" in answer.stderr
    assert "Traceback" not in answer.stderr
