"""Which observations are told to the sidecar, and that telling never costs more than the exemplar."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from booking_core.telemetry.exemplars import SECONDS_BETWEEN, SOCKET, Exemplars
from booking_core.telemetry.recorder import Recorder
from booking_core.telemetry.traced import TRACED, Traced
from sla import catalogue as c

TRACE = Traced("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
OTHER = Traced("f" * 32, "f" * 16)
ANSWER = ("/v1/bookings", "POST", 201, "real")


class Bench:
    """A recorder, a sidecar's socket, and clocks that stand still."""

    def __init__(self, directory: Path) -> None:
        self.address = str(directory / SOCKET)
        self.monotonic = 1000.0
        self.exemplars = Exemplars(directory, now=lambda: 1_800_000_000.5, monotonic=lambda: self.monotonic)
        self.registry = CollectorRegistry()
        self.recorder = Recorder(self.registry, exemplars=self.exemplars)
        self.sidecar = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sidecar.setblocking(False)

    def listen(self) -> None:
        self.sidecar.bind(self.address)

    def heard(self) -> list[dict]:
        told = []
        while True:
            try:
                told.append(json.loads(self.sidecar.recv(4096)))
            except BlockingIOError:
                return told

    def lost(self) -> float | None:
        return self.registry.get_sample_value(c.EXEMPLARS_LOST.name)

    def counted(self) -> float | None:
        labels = {"route": "/v1/bookings", "method": "POST", "code_class": "2xx", "traffic": "real"}
        return self.registry.get_sample_value(f"{c.API_DURATION.name}_count", labels)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.exemplars.close()
    bench.sidecar.close()


@pytest.fixture
def traced() -> Iterator[None]:
    before = TRACED.set(TRACE)
    yield
    TRACED.reset(before)


@pytest.mark.usefixtures("traced")
def test_an_observation_in_a_trace_is_told_with_its_bucket(bench):
    bench.listen()

    bench.recorder.answered(*ANSWER, 1.7)

    assert bench.heard() == [
        {
            "sample": "booking_api_request_duration_seconds_bucket",
            "labels": {
                "route": "/v1/bookings",
                "method": "POST",
                "code_class": "2xx",
                "traffic": "real",
                "le": "2.0",
            },
            "value": 1.7,
            "time": 1_800_000_000.5,
            "trace_id": TRACE.trace_id,
            "span_id": TRACE.span_id,
        }
    ]


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(("seconds", "edge"), [(0.0, "0.05"), (2.0, "2.0"), (2.0000001, "2.5"), (11.0, "+Inf")])
def test_the_bucket_told_is_the_one_that_was_counted(bench, seconds, edge):
    bench.listen()

    bench.recorder.answered(*ANSWER, seconds)

    (told,) = bench.heard()
    labels = told["labels"]
    below = [f"{each}" for each in c.API_EDGES if each < seconds]
    counts = {le: bench.registry.get_sample_value(told["sample"], {**labels, "le": le}) for le in (*below, edge)}
    assert labels["le"] == edge
    assert counts == {**dict.fromkeys(below, 0), edge: 1}


def test_outside_a_trace_nothing_is_told_and_everything_counted(bench):
    bench.listen()

    bench.recorder.answered(*ANSWER, 1.7)

    assert (bench.heard(), bench.counted()) == ([], 1)


@pytest.mark.usefixtures("traced")
def test_a_bucket_has_one_turn_in_five_seconds_and_the_rare_slow_one_need_not_wait_for_the_others(bench):
    bench.listen()

    for seconds in (0.01, 0.02, 0.01, 8.0, 0.02, 9.0):
        bench.recorder.answered(*ANSWER, seconds)
    bench.monotonic += SECONDS_BETWEEN
    TRACED.set(OTHER)
    bench.recorder.answered(*ANSWER, 0.03)

    told = [(each["value"], each["trace_id"]) for each in bench.heard()]
    assert told == [(0.01, TRACE.trace_id), (8.0, TRACE.trace_id), (0.03, OTHER.trace_id)]
    assert bench.counted() == 7


@pytest.mark.usefixtures("traced")
def test_without_a_sidecar_the_exemplar_is_lost_and_the_observation_counted(bench):
    bench.recorder.answered(*ANSWER, 1.7)

    assert (bench.lost(), bench.counted()) == (1, 1)


@pytest.mark.usefixtures("traced")
def test_a_sidecar_that_does_not_read_is_not_waited_for(bench):
    bench.listen()
    bench.sidecar.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

    for turn in range(2000):
        bench.monotonic = turn * SECONDS_BETWEEN
        bench.recorder.answered(*ANSWER, 1.7)

    assert bench.counted() == 2000
    assert 0 < bench.lost() < 2000
    assert len(bench.heard()) + bench.lost() == 2000


@pytest.mark.usefixtures("traced")
def test_a_sidecar_that_was_started_again_is_found(bench):
    bench.listen()
    bench.recorder.answered(*ANSWER, 0.01)
    bench.sidecar.close()
    bench.recorder.answered(*ANSWER, 0.2)
    Path(bench.address).unlink()
    bench.sidecar = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    bench.sidecar.setblocking(False)
    bench.listen()

    bench.recorder.answered(*ANSWER, 1.7)

    assert bench.lost() == 1
    assert [told["value"] for told in bench.heard()] == [1.7]


@pytest.mark.usefixtures("traced")
def test_every_latency_of_a_request_or_job_is_told(bench):
    bench.listen()

    bench.recorder.calcom_called("create", "successful", 0.3)
    bench.recorder.statement_ran("select", 0.003)

    assert [told["sample"] for told in bench.heard()] == [
        f"{metric.name}_bucket" for metric in (c.CALCOM_DURATION, c.DB_QUERY_DURATION)
    ]
