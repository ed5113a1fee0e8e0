"""What a scrape would tell, as OpenTelemetry's data points: the same totals under the same names.

The names keep Prometheus's endings, so that a rule or a panel finds them wherever they were sent through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from opentelemetry.sdk.metrics import Exemplar as OtelExemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from prometheus_client.metrics_core import Metric as Family

from exporter.exemplars import Exemplar, Place
from exporter.totals import Labels, Totals

_UNITS = {"seconds": "s", "bytes": "By"}
_CUMULATIVE = AggregationTemporality.CUMULATIVE


class Told(NamedTuple):
    """A sample with its value, apart because the workers' totals have their values beside their samples."""

    sample: str
    labels: Labels
    value: float


@dataclass(slots=True)
class Beginnings:
    """Since when each cumulative number counts; times are Unix time in nanoseconds.

    One that is smaller than at the last push has begun anew since, whatever was said of it before.
    """

    before: int
    _seen: dict[tuple[str, Labels], tuple[int, float]] = field(default_factory=dict)

    def of(self, name: str, labels: Labels, value: float, *, since: int) -> int:
        """Return the beginning of the series; `since` is that of those which have not begun anew."""
        begun, last = self._seen.get((name, labels), (since, 0.0))
        if value < last:
            begun = max(since, self.before)
        self._seen[name, labels] = begun, value
        return begun


@dataclass(frozen=True, slots=True)
class Points:
    """One moment's numbers on their way into data points."""

    now: int
    beginnings: Beginnings
    exemplars: Mapping[Place, Exemplar]

    def of_totals(self, totals: Totals, *, since: int) -> Iterator[Metric]:
        """Yield the workers' totals, which count since their first slot was taken."""
        values = iter(totals.values)
        for family in totals.families:
            samples = [Told(each.name, _labels(each.labels), next(values)) for each in family.samples]
            yield from self._metric(family, samples, since)

    def of_families(self, families: Iterable[Family], *, since: int) -> Iterator[Metric]:
        """Yield what the sidecar itself has counted since it started, and what it has looked at."""
        for family in families:
            samples = [Told(each.name, _labels(each.labels), each.value) for each in family.samples]
            yield from self._metric(family, samples, since)

    def _metric(self, family: Family, samples: Sequence[Told], since: int) -> Iterator[Metric]:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        if not samples:
            return
        match family.type:
            case "counter":
                data: Any = Sum([self._sum(each, since) for each in samples], _CUMULATIVE, is_monotonic=True)
            case "histogram":
                data = Histogram([*self._histograms(family.name, samples, since)], _CUMULATIVE)
            case _:
                data = Gauge([NumberDataPoint(dict(each.labels), 0, self.now, float(each.value)) for each in samples])
        yield Metric(name, family.documentation, _unit(family.name), data)

    def _sum(self, told: Told, since: int) -> NumberDataPoint:
        begun = self.beginnings.of(told.sample, told.labels, told.value, since=since)
        return NumberDataPoint(dict(told.labels), begun, self.now, float(told.value))

    def _histograms(self, name: str, samples: Sequence[Told], since: int) -> Iterator[HistogramDataPoint]:
        children: dict[Labels, list[Told]] = {}
        for told in samples:
            bare = tuple(label for label in told.labels if label[0] != "le")
            children.setdefault(bare, []).append(told)
        for labels, child in children.items():
            yield self._histogram(name, labels, child, since)

    def _histogram(self, name: str, labels: Labels, child: Sequence[Told], since: int) -> HistogramDataPoint:
        buckets = [told for told in child if told.sample == f"{name}_bucket"]
        running = [0, *(int(told.value) for told in buckets)]
        count = running[-1]
        return HistogramDataPoint(
            attributes=dict(labels),
            start_time_unix_nano=self.beginnings.of(name, labels, count, since=since),
            time_unix_nano=self.now,
            count=count,
            sum=sum(told.value for told in child if told.sample == f"{name}_sum"),
            bucket_counts=[above - below for below, above in pairwise(running)],
            explicit_bounds=[float(dict(told.labels)["le"]) for told in buckets[:-1]],
            # The files know neither, and none is no zero.
            min=None,  # type: ignore[arg-type]
            max=None,  # type: ignore[arg-type]
            exemplars=[*self._exemplars(buckets)],
        )

    def _exemplars(self, buckets: Iterable[Told]) -> Iterator[OtelExemplar]:
        for told in buckets:
            exemplar = self.exemplars.get(Place(told.sample, told.labels))
            if exemplar is not None:
                yield OtelExemplar(
                    filtered_attributes={},
                    value=exemplar.value,
                    time_unix_nano=int(exemplar.seconds * 1e9),
                    span_id=int(exemplar.span_id, 16),
                    trace_id=int(exemplar.trace_id, 16),
                )


def _labels(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def _unit(name: str) -> str:
    return _UNITS.get(name.rpartition("_")[2], "")
