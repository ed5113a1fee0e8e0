"""Read-only looks at the world at scrape time; each is timed, and each may fail alone.

Samples are made new for every scrape, never kept in module-level gauges: a vanished state must vanish here too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector as PrometheusCollector

from sla import catalogue as c
from sla.catalogue import Kind, Metric

_log = structlog.get_logger()


class Unreachable(Exception):
    """The collector's source does not answer; `known` is what can still be said."""

    def __init__(self, known: Sequence[Family]) -> None:
        super().__init__("unreachable")
        self.known = known


class Collector(Protocol):
    """One subsystem. `name` is its label value in the catalogue."""

    name: str

    def collect(self) -> Iterable[Family]: ...


class Runner(PrometheusCollector):
    """Runs every collector, publishes how long it took and whether it worked, and lets none hide the others."""

    def __init__(self, collectors: Sequence[Collector], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._collectors = collectors
        self._clock = clock

    def describe(self) -> Iterable[Family]:
        """Say nothing at registration: collectors are run by scrapes only."""
        return ()

    def collect(self) -> Iterator[Family]:
        success = family(c.COLLECTOR_SUCCESS)
        duration = family(c.COLLECTOR_DURATION)
        for collector in self._collectors:
            begun = self._clock()
            families, succeeded = self._run(collector)
            yield from families
            success.add_metric([collector.name], float(succeeded))
            duration.add_metric([collector.name], self._clock() - begun)
        yield success
        yield duration

    def _run(self, collector: Collector) -> tuple[Sequence[Family], bool]:
        try:
            return list(collector.collect()), True
        except Unreachable as error:
            _log.warning("collector_unreachable", collector=collector.name, cause=repr(error.__cause__))
            return error.known, False
        except Exception:  # noqa: BLE001 - one broken collector must not cost the scrape
            _log.exception("collector_failed", collector=collector.name)
            return (), False


def family(metric: Metric) -> GaugeMetricFamily | CounterMetricFamily:
    """Return an empty family of this metric, to be filled for one scrape."""
    make = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    return make(metric.name, metric.help, labels=metric.label_names)


def gauge(metric: Metric, value: float) -> Family:
    """Return the family of a metric without labels."""
    return GaugeMetricFamily(metric.name, metric.help, value=value)


def gauge_by(metric: Metric, values: Mapping[str, float]) -> Family:
    """Return the family of a metric with one label."""
    filled = family(metric)
    for label, value in values.items():
        filled.add_metric([label], value)
    return filled
