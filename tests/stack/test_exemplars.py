"""From a dot on a latency panel to the trace of the very booking that took so long, whichever worker served it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.collectors.workers import holders
from sla import catalogue as c
from sla.topology import Process
from stack import ports
from stack.native import Chain
from stack.processes import DEMO
from stack.run_directory import prepare, temporary
from tests.otlp import Receiver, Span, receiving
from tests.stack.test_chain import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SLOW_SECONDS = 1.2
# The bucket of answers that took longer than 1 s, and up to 1.5 s.
SLOW = {"route": "/v1/bookings", "method": "POST", "code_class": "2xx", "traffic": "real", "le": "1.5"}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def chain(receiver: Receiver) -> Iterator[Chain]:
    with pytest.MonkeyPatch.context() as patch, temporary() as directory:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "500")
        patch.setenv("OTEL_TRACES_SAMPLER_ARG", "1")
        patch.setenv("BOOKING_WORKERS", "2")
        place = ports.place([], {}, free=True)
        without = frozenset({"probe", "oncall", "alertmanager"})
        with Chain(prepare(at=directory / "run"), place, without=without) as chain:
            chain.start(lambda _statuses: None)
            yield chain


@dataclass(frozen=True)
class Dot:
    """An exemplar as somebody sees it."""

    trace_id: str
    seconds: float


def book(chain: Chain, number: int, correlation_id: str) -> dict[str, Any]:
    morning = datetime.now(UTC).replace(hour=4, minute=0) + timedelta(days=3)
    body = {
        "service": "probe",
        "start": (morning + timedelta(minutes=5 * number)).strftime("%Y-%m-%dT%H:%M"),
        "customer": {"name": "Erika Muster", "phone": f"+4930231250{number:02}"},
    }
    headers = {"Authorization": f"Bearer {DEMO.api_key}", "X-Request-ID": correlation_id}
    answer = httpx.post(f"{chain.place.url(Process.CORE)}/v1/bookings", json=body, headers=headers, timeout=15)
    result: dict[str, Any] = answer.json()
    return result


def workers(chain: Chain) -> list[str]:
    return [slot for slot in holders(chain.run.room("metrics")) if slot.startswith("http-")]


def calcom_takes(chain: Chain, seconds: float) -> None:
    fault = {"fault": "latency", "seconds": 60, "delay_seconds": seconds, "operation": "create"}
    httpx.post(f"{chain.place.url(Process.SIMULATOR)}/control/faults", json=fault, timeout=5).raise_for_status()


def scraped(chain: Chain) -> Dot | None:
    headers = {"Accept": "application/openmetrics-text; version=1.0.0"}
    text = httpx.get(f"{chain.place.url(Process.EXPORTER)}/metrics", headers=headers, timeout=5).text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"{c.API_DURATION.name}_bucket" and sample.labels == SLOW and sample.exemplar:
                return Dot(sample.exemplar.labels["trace_id"], sample.exemplar.value)
    return None


def stored(chain: Chain) -> Dot | None:
    """Ask Prometheus as Grafana does for the dots on a panel."""
    labels = ",".join(f'{name}="{value}"' for name, value in SLOW.items())
    now = datetime.now(UTC).timestamp()
    asked = {"query": f"{c.API_DURATION.name}_bucket{{{labels}}}", "start": str(now - 300), "end": str(now + 60)}
    answer = httpx.get(f"{chain.place.url(Process.PROMETHEUS)}/api/v1/query_exemplars", params=asked, timeout=5)
    found = [each for series in answer.json()["data"] for each in series["exemplars"]]
    return Dot(found[-1]["labels"]["trace_id"], float(found[-1]["value"])) if found else None


def trace(receiver: Receiver, trace_id: str) -> dict[str, Span] | None:
    """Return the spans of a trace by their names, once its root is there."""
    spans = [span for span in receiver.spans() if span.trace_id == trace_id]
    return {span.name: span for span in spans} if any(not span.parent_id for span in spans) else None


def test_the_exemplar_of_a_slow_booking_is_the_trace_of_that_booking(chain, receiver):
    until(lambda: workers(chain) if len(workers(chain)) == 2 else None, seconds=30, what="the second worker")
    for number in range(8):
        assert book(chain, number, f"quick-{number}")["status"] == "confirmed"
    calcom_takes(chain, SLOW_SECONDS)

    assert book(chain, 8, "the-slow-one")["status"] == "confirmed"

    dot = until(lambda: scraped(chain), seconds=15, what="an exemplar of the slow booking")
    spans = until(lambda: trace(receiver, dot.trace_id), seconds=30, what="its trace")
    request, call = spans["POST /v1/bookings"], spans["POST"]
    assert request.attributes["correlation_id"] == "the-slow-one"
    assert call.parent_id == request.span_id
    assert call.seconds >= SLOW_SECONDS
    assert dot.seconds >= request.seconds >= call.seconds
    assert until(lambda: stored(chain), seconds=30, what="the exemplar in Prometheus") == dot
