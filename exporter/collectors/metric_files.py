"""The samples of the core's workers, summed over their slots."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.multiprocess import MultiProcessCollector

from exporter.collectors import gauge
from sla import catalogue as c


class MetricFilesCollector:
    """Reads every file of the directory at every scrape."""

    name = "metric_files"

    def __init__(self, directory: Path, *, now: Callable[[], float] = time.time) -> None:
        self._directory = directory
        self._now = now

    def collect(self) -> Iterator[Family]:
        self._directory.mkdir(parents=True, exist_ok=True)
        yield from MultiProcessCollector(None, path=str(self._directory)).collect()  # type: ignore[no-untyped-call]
        yield gauge(c.LAST_READ, self._now())
