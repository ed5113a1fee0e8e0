from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry

from booking_core.telemetry.recorder import Instrument, Recorder, instrument
from sla import catalogue as c

_CATALOGUE = {
    (metric.name, *labels.values()): (metric, labels) for metric in c.of(c.Home.CORE) for labels in metric.children()
}


class SparingRecorder(Recorder):
    """Makes a child when something is counted in it: salons are opened by the thousand, and few of 400 series move."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._children = _Children(registry)
        self._registry = registry


class _Children(dict[tuple[str, ...], Any]):
    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._registry = registry
        self._instruments: dict[str, Instrument] = {}

    def __missing__(self, key: tuple[str, ...]) -> Any:
        metric, labels = _CATALOGUE[key]
        if metric.name not in self._instruments:
            self._instruments[metric.name] = instrument(metric, self._registry)
        made = self._instruments[metric.name]
        self[key] = made.labels(**labels) if labels else made
        return self[key]

    def get(self, key: tuple[str, ...], default: Any = None) -> Any:
        return self[key] if key in _CATALOGUE else default


@cache
def _samples() -> frozenset[tuple[str, frozenset[tuple[str, str]]]]:
    registry = CollectorRegistry()
    Recorder(registry)
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    return frozenset((sample.name, frozenset(sample.labels.items())) for sample in samples)


def is_recorded(name: str, labels: Mapping[str, str]) -> bool:
    """Say whether the core shows this sample from its start on."""
    return (name, frozenset(labels.items())) in _samples()
