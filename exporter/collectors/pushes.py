"""How the pushes over OTLP went; both stay at 0 where nothing is pushed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric as Family

from exporter.collectors import gauge_by
from sla import catalogue as c


class Pushes:
    """Counted by the pusher, told by both ways out."""

    name = "pushes"

    def __init__(self) -> None:
        self._results: Counter[str] = Counter()

    def count(self, *, was_sent: bool) -> None:
        self._results["sent" if was_sent else "failed"] += 1

    def collect(self) -> Iterator[Family]:
        yield gauge_by(c.PUSHES, {result: self._results[result] for result in c.PUSHES.label("result").values})
