"""What a metric is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product


class Kind(StrEnum):
    """What a sample means; decides which PromQL functions are lawful."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Home(StrEnum):
    """The process that publishes the metric."""

    CORE = "core"
    SIDECAR = "sidecar"
    PROBE = "probe"
    ONCALL = "oncall"


@dataclass(frozen=True, slots=True)
class Label:
    """A label and all its values; `values=()` marks one that code cannot enumerate (a version, a slot)."""

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. Histograms carry their bucket edges in the metric's own unit."""

    name: str
    kind: Kind
    help: str
    home: Home
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()
    # Only where not every combination of label values can occur.
    combinations: tuple[tuple[str, ...], ...] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def label(self, name: str) -> Label:
        return next(label for label in self.labels if label.name == name)

    def children(self) -> Iterator[Mapping[str, str]]:
        """Yield the label sets to create at start: the first failure must be an increase from 0, not a new series."""
        combinations = self.combinations or product(*(label.values for label in self.labels))
        for values in combinations:
            yield dict(zip(self.label_names, values, strict=True))
