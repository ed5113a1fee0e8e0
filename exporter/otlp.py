"""Pushes what a scrape would tell over OTLP/HTTP, for those who do not scrape. Imported only where an endpoint is set.

It looks at the world with readers and connections of its own: a push that hangs keeps no scrape waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import structlog
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import Metric, MetricExportResult, MetricsData, ResourceMetrics, ScopeMetrics
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from exporter.collectors import Collector, Runner
from exporter.collectors.metric_files import MetricFilesCollector
from exporter.collectors.pushes import Pushes
from exporter.collectors.workers import first_slot_seconds
from exporter.exemplars import Exemplars
from exporter.points import Beginnings, Points

INSTANCE = "instance-id"
# Whoever stops us waits ten seconds, and the last push may have to wait for the one before it. What does not arrive
# in this time comes with the next, for every number is a total.
_PATIENCE_SECONDS = 3.0

_log = structlog.get_logger()


class Pusher:
    """Pushes every so often, in a thread of its own, and once more at the end of the block."""

    def __init__(self, push: Callable[[], bool], pushes: Pushes, *, seconds: float) -> None:
        self._push = push
        self._pushes = pushes
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._ended.wait(self._seconds)
            self._pushes.count(was_sent=self._has_pushed())

    def _has_pushed(self) -> bool:
        try:
            return self._push()
        except Exception:  # noqa: BLE001 - whatever it is, the scrape goes on and the next push is tried
            _log.exception("otlp_push_failed")
            return False


class Push:
    """Reads everything and sends it, when called. `now` is Unix time in nanoseconds."""

    def __init__(
        self,
        files: MetricFilesCollector,
        others: Sequence[Collector],
        exemplars: Exemplars,
        *,
        endpoint: str,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._files = files
        self._runner = Runner((files, *others))
        self._exemplars = exemplars
        self._exporter = OTLPMetricExporter(f"{endpoint.rstrip('/')}/v1/metrics", timeout=_PATIENCE_SECONDS)
        self._resource = _resource(files.directory)
        self._now = now
        self._started = now()
        self._beginnings = Beginnings(before=self._started)

    def __call__(self) -> bool:
        # In this order: running the collectors reads the files.
        families = list(self._runner.collect())
        now = self._now()
        points = Points(now, self._beginnings, self._exemplars.newest())
        metrics = [*self._of_workers(points), *points.of_families(families, since=self._started)]
        self._beginnings.before = now
        scope = InstrumentationScope("slotwatch.exporter", version("slotwatch"))
        data = MetricsData([ResourceMetrics(self._resource, [ScopeMetrics(scope, metrics, "")], "")])
        return self._exporter.export(data) is MetricExportResult.SUCCESS

    def _of_workers(self, points: Points) -> Iterator[Metric]:
        first = first_slot_seconds(self._files.directory)
        since = self._started if first is None else int(first * 1e9)
        for totals in self._files.totals:
            yield from points.of_totals(totals, since=since)


def _resource(directory: Path) -> Resource:
    """Return who we are; what OTEL_RESOURCE_ATTRIBUTES says comes first."""
    ours = Resource.create(
        {"service.name": "slotwatch", "service.namespace": "booking", "service.instance.id": instance_id(directory)}
    )
    return ours.merge(OTELResourceDetector().detect())


def instance_id(directory: Path) -> str:
    """Return the name of this instance. It lies beside the counters, and lives as long as they do."""
    path = directory / INSTANCE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(str(uuid4()), "ascii")
        return path.read_text("ascii")
    except OSError as error:
        _log.warning("instance_without_a_lasting_name", directory=str(directory), cause=str(error))
        return str(uuid4())
