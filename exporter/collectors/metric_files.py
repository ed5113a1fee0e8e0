"""The samples of the core's workers, summed over their slots.

A file that is empty, cut off or not ours costs its own samples at most: the others are served, and with them what it
held at its last good read.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.multiprocess import MultiProcessCollector

from exporter.collectors import family, gauge
from exporter.collectors.workers import holders
from exporter.reader import MetricFile, Unreadable
from exporter.totals import Totaller, Totals
from sla import catalogue as c


class MetricFilesCollector:
    """Reads the directory at every scrape. `totals` are the samples; `collect` yields what is said about reading them.

    They are apart because there are thousands of them, and the exposition has a faster way for those.
    """

    name = "metric_files"
    KINDS = ("counter", "histogram", "summary")  # those that are summed

    def __init__(self, directory: Path, *, now: Callable[[], float] = time.time) -> None:
        self.directory = directory
        self._now = now
        self._files: dict[str, MetricFile] = {}
        self._totallers = {kind: Totaller(kind) for kind in self.KINDS}
        self._skipped: Counter[str] = Counter()
        self.totals: Sequence[Totals] = ()

    def collect(self) -> Iterator[Family]:
        self.directory.mkdir(parents=True, exist_ok=True)
        files = self._present()
        readable = [file for file in files if self._read(file)]
        self.totals = [
            totaller.totals([file for file in files if file.kind == kind]) for kind, totaller in self._totallers.items()
        ]
        yield from self._gauges([file for file in readable if file.kind == "gauge"])
        yield gauge(c.LAST_READ, self._now())
        skipped = family(c.FILES_SKIPPED)
        for reason in c.FILES_SKIPPED.label("reason").values:
            skipped.add_metric([reason], self._skipped[reason])
        yield skipped
        yield gauge(c.SERIES_FOLDED, sum(totaller.folded for totaller in self._totallers.values()))

    def _present(self) -> Sequence[MetricFile]:
        # In the directory's own order: the stock collector adds in it, too.
        with os.scandir(self.directory) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(".db")]
        self._files = {name: self._files.get(name) or MetricFile(self.directory / name) for name in names}
        return list(self._files.values())

    def _read(self, file: MetricFile) -> bool:
        try:
            if file.kind not in (*self.KINDS, "gauge"):
                raise Unreadable("foreign")
            file.read()
        except Unreadable as error:
            self._skipped[error.reason] += 1
            return False
        return True

    def _gauges(self, files: Sequence[MetricFile]) -> Sequence[Family]:
        """Merge gauges as their modes say, the stock way: there are few, and a stale one is worth nothing."""
        living = holders(self.directory)
        paths = [str(file.path) for file in files if _counts(file.path, living)]
        merged: Sequence[Family] = list(MultiProcessCollector.merge(paths)) if paths else ()  # type: ignore[no-untyped-call]
        return merged


def _counts(path: Path, living: Container[str]) -> bool:
    """A `live` gauge of a worker that died says nothing about anybody."""
    _, mode, slot = path.stem.split("_", 2)
    return not mode.startswith("live") or slot in living
