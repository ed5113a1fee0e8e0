"""The probe's Prometheus instruments, made from the catalogue on a registry of their own.

Apart from the scoreboard, which says what happened and not how it is published.
"""

from __future__ import annotations

from math import nan

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from sla import catalogue
from sla.catalogue import Home, Kind, Metric

# Nothing measured yet must not read as a splendid 0 seconds.
UNKNOWN_AT_FIRST = (catalogue.PROBE_P95, catalogue.PROBE_UPPER_BOUND, catalogue.PROBE_SCHEDULE_LAG)

_CLASSES = {Kind.COUNTER: Counter, Kind.GAUGE: Gauge}


class Instruments:
    """Every metric whose home is the probe, each of its series present from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._made = {metric.name: _make(metric, registry) for metric in catalogue.of(Home.PROBE)}
        for metric in UNKNOWN_AT_FIRST:
            self.set(metric, nan)

    def count(self, metric: Metric, **labels: str) -> None:
        """Add one to a counter."""
        counter = self._child(metric, labels)
        assert isinstance(counter, Counter)  # noqa: S101  the catalogue says so
        counter.inc()

    def set(self, metric: Metric, number: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._child(metric, labels)
        assert isinstance(gauge, Gauge)  # noqa: S101  the catalogue says so
        gauge.set(number)

    def observe(self, metric: Metric, number: float) -> None:
        """Add an observation to a histogram."""
        histogram = self._child(metric, {})
        assert isinstance(histogram, Histogram)  # noqa: S101  the catalogue says so
        histogram.observe(number)

    def _child(self, metric: Metric, labels: dict[str, str]) -> Counter | Gauge | Histogram:
        family = self._made[metric.name]
        return family.labels(**labels) if labels else family


def _make(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    if metric.kind is Kind.HISTOGRAM:
        family: Counter | Gauge | Histogram = Histogram(
            metric.name, metric.help, metric.label_names, registry=registry, buckets=metric.buckets
        )
    else:
        family = _CLASSES[metric.kind](metric.name, metric.help, metric.label_names, registry=registry)
    for labels in metric.children() if metric.labels else ():
        family.labels(**labels)
    return family
