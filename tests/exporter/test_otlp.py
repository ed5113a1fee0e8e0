"""The sidecar as a process, between metric files, a scraper and a real OTLP receiver that decodes what it is sent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from booking_core.telemetry import exemplars
from booking_core.telemetry.recorder import Recorder
from booking_core.telemetry.traced import Traced
from exporter.exemplars import SOCKET
from sla import catalogue as c
from tests.exporter.workers import writing
from tests.otlp import Receiver, attributes, receiving

pytestmark = pytest.mark.integration

T = TypeVar("T")
TRACE = Traced("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
OFTEN = {"OTEL_METRIC_EXPORT_INTERVAL": "200"}
# What is of the moment of looking, and of who looks.
OF_THE_LOOK = {c.COLLECTOR_DURATION.name, c.LAST_READ.name, c.PUSHES.name}
Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def until(look: Callable[[], T | None], what: str) -> T:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen")


@dataclass
class Sidecar:
    """A running exporter; `stop` returns its exit code."""

    process: subprocess.Popen[bytes]
    port: int

    def scrape(self) -> Samples:
        text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10).text
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def is_up(self) -> bool | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/livez", timeout=1).status_code == 200
        except httpx.TransportError:
            return None

    def pushes(self, result: str) -> float:
        return self.scrape()[c.PUSHES.name, frozenset({("result", result)})]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def a_sidecar(directory: Path, **environment: str) -> Iterator[Sidecar]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {
        "EXPORTER_PORT": str(port),
        "EXPORTER_METRICS_DIRECTORY": str(directory),
        "EXPORTER_DATABASE_URL": f"postgresql://nobody@/none?host={directory}",
        "EXPORTER_REDIS_URL": f"unix://{directory}/none.sock",
    }
    with (directory / "sidecar.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "exporter"], env=os.environ | own | environment, stdout=log, stderr=log
        )
    sidecar = Sidecar(process, port)
    try:
        until(sidecar.is_up, "the sidecar's start")
        yield sidecar
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    """What two workers have counted, in slots that were taken at a time we know."""
    for number, slot in enumerate(("http-0", "http-1")):
        with writing(tmp_path, slot) as registry:
            count(registry, 1 + number)
        (tmp_path / f"{slot}.lock").touch()
        os.utime(tmp_path / f"{slot}.lock", (1_700_000_000 + number,) * 2)
    return tmp_path


def count(registry: CollectorRegistry, times: int) -> None:
    recorder = Recorder(registry)
    for turn in range(times):
        recorder.answered("/v1/bookings", "POST", 201, "real", 0.3 + turn)
        recorder.statement_ran("select", 0.002)
        recorder.cache_looked("user", "hit")


def told(request: ExportMetricsServiceRequest) -> Samples:
    """Write what was pushed as a scrape would have told it."""
    (of_resource,) = request.resource_metrics
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for metric in (metric for of_scope in of_resource.scope_metrics for metric in of_scope.metrics):
        kind = metric.WhichOneof("data")
        for point in getattr(metric, kind).data_points:
            labels = frozenset(attributes(point.attributes).items())
            if kind != "histogram":
                found[metric.name, labels] = point.as_double
                continue
            running = 0
            for edge, inside in zip((*point.explicit_bounds, float("inf")), point.bucket_counts, strict=True):
                running += inside
                le = "+Inf" if edge == float("inf") else str(edge)
                found[f"{metric.name}_bucket", labels | {("le", le)}] = running
            found[f"{metric.name}_count", labels] = point.count
            found[f"{metric.name}_sum", labels] = point.sum
    return found


def steady(samples: Samples) -> Samples:
    return {key: value for key, value in samples.items() if key[0] not in OF_THE_LOOK}


def instance(request: ExportMetricsServiceRequest) -> dict[str, Any]:
    return attributes(request.resource_metrics[0].resource.attributes)


def cumulative(request: ExportMetricsServiceRequest) -> Iterator[tuple[str, Any]]:
    for metric in request.resource_metrics[0].scope_metrics[0].metrics:
        if (kind := metric.WhichOneof("data")) != "gauge":
            assert getattr(metric, kind).aggregation_temporality == 2  # cumulative
            for point in getattr(metric, kind).data_points:
                yield metric.name, point


def test_what_is_pushed_is_what_is_scraped(metrics, receiver):
    with a_sidecar(metrics, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, **OFTEN) as sidecar:
        scraped = steady(sidecar.scrape())
        request = until(lambda: receiver.metrics[-1] if receiver.metrics else None, "a push")

    assert len(scraped) > 1000
    assert steady(told(request)) == scraped


def test_an_exemplar_is_pushed_with_its_trace(metrics, receiver):
    sender = exemplars.Exemplars(metrics, now=lambda: 1_800_000_000.5)
    labels = {"route": "/v1/bookings", "method": "POST", "code_class": "2xx", "traffic": "real"}
    with a_sidecar(metrics, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, **OFTEN):
        until(lambda: (metrics / SOCKET).exists() or None, "the socket")
        assert sender.send(f"{c.API_DURATION.name}_bucket", {**labels, "le": "1.5"}, 1.3, TRACE)
        sender.close()

        def found() -> Any:
            points = (point for request in receiver.metrics for _, point in cumulative(request))
            return next((each for point in points for each in point.exemplars), None)

        exemplar = until(found, "an exemplar")

    assert Traced(exemplar.trace_id.hex(), exemplar.span_id.hex()) == TRACE
    assert (exemplar.as_double, exemplar.time_unix_nano) == (1.3, 1_800_000_000_500_000_000)


def test_a_sidecar_that_was_started_again_is_the_same_instance_and_counts_since_the_same_time(metrics, receiver):
    pushed = []
    for _ in range(2):
        receiver.metrics.clear()
        with a_sidecar(metrics, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, **OFTEN):
            pushed.append(until(lambda: receiver.metrics[0] if receiver.metrics else None, "a push"))

    first, second = (instance(request) for request in pushed)
    assert first["service.name"] == "slotwatch"
    assert first["service.instance.id"] == second["service.instance.id"]
    of_workers = {metric.name for metric in c.of(c.Home.CORE)}
    begun = {point.start_time_unix_nano for r in pushed for name, point in cumulative(r) if name in of_workers}
    assert begun == {1_700_000_000_000_000_000}
    own = {point.start_time_unix_nano for r in pushed for name, point in cumulative(r) if name == c.FILES_SKIPPED.name}
    assert len(own) == 2


def test_whoever_has_a_name_for_the_instance_is_heard(metrics, receiver):
    named = {"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=salon-7"}
    with a_sidecar(metrics, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, **OFTEN, **named):
        request = until(lambda: receiver.metrics[0] if receiver.metrics else None, "a push")

    assert instance(request)["service.instance.id"] == "salon-7"


def test_a_receiver_that_is_out_costs_the_scrape_nothing_and_hears_the_totals_later(metrics, receiver):
    receiver.status = 400
    with a_sidecar(metrics, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, **OFTEN) as sidecar:
        until(lambda: sidecar.pushes("failed") > 1 or None, "failed pushes")
        scraped = steady(sidecar.scrape())
        receiver.status = 200
        request = until(lambda: receiver.metrics[0] if receiver.metrics else None, "a push")

    assert steady(told(request)) == scraped


def test_nobody_there_costs_the_scrape_nothing(metrics):
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    with a_sidecar(metrics, OTEL_EXPORTER_OTLP_ENDPOINT=nobody, **OFTEN) as sidecar:
        until(lambda: sidecar.pushes("failed") > 0 or None, "a failed push")

        assert len(sidecar.scrape()) > 1000
        assert sidecar.stop() == 0


def test_what_was_counted_last_is_pushed_before_it_ends(metrics, receiver):
    with a_sidecar(metrics, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url) as sidecar:
        scraped = steady(sidecar.scrape())

        assert sidecar.stop() == 0

    (request,) = receiver.metrics
    assert steady(told(request)) == scraped


def test_off_means_that_nothing_is_pushed_or_even_imported(metrics):
    check = (
        "import sys, exporter.__main__; print([name for name in sys.modules if name.startswith('opentelemetry.exp')])"
    )

    answer = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    with a_sidecar(metrics) as sidecar:
        pushes = {result: sidecar.pushes(result) for result in ("sent", "failed")}

        assert sidecar.stop() == 0

    assert answer.stdout.strip() == "[]"
    assert pushes == {"sent": 0, "failed": 0}
    assert not (metrics / "instance-id").exists()
