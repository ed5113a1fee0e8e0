"""Sums the workers' files into the samples of one scrape.

What goes where is worked out once, when the set of series changes; a scrape then only adds columns of numbers. The sums
are made in the order of the files, as the stock collector makes them, so that not even the last bit differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add, itemgetter

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.utils import floatToGoString

from exporter.reader import MetricFile, Series

Labels = tuple[tuple[str, str], ...]
Column = Sequence[float]
# The widest family of the core has about a hundred.
MOST_LABEL_SETS = 1000
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Totals:
    """The merged samples: families without values, and the values of all their samples, in order.

    `families` is the same object as long as the series are the same.
    """

    families: Sequence[Family]
    values: Column


class Totaller:
    """Totals files of one kind; remembers the arithmetic for the series it saw last.

    What a family has beyond `most` label sets is counted as `other`: a label out of hand must not fill Prometheus.
    """

    def __init__(self, kind: str, *, most: int = MOST_LABEL_SETS) -> None:
        self.kind = kind
        self._cap = _Cap(most)
        self._layouts: list[tuple[Series, ...]] | None = None
        self._plan = _Plan(kind, (), self._cap)

    @property
    def folded(self) -> int:
        """How many label sets have been folded into `other`."""
        return len(self._cap.folded)

    def totals(self, files: Sequence[MetricFile]) -> Totals:
        layouts = [file.series for file in files]
        if layouts != self._layouts:
            self._layouts, self._plan = layouts, _Plan(self.kind, layouts, self._cap)
        return self._plan.run([file.values for file in files])


class _Cap:
    """Whose label sets came first stay, whatever comes later; a counter that was kept is never folded."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, set[Labels]] = {}
        self.folded: set[tuple[str, Labels]] = set()

    def labels(self, series: Series) -> Labels:
        """Return the labels under which a series is counted."""
        bare = tuple(label for label in series.labels if label[0] != "le")
        kept = self._kept.setdefault(series.family, set())
        if bare in kept or len(kept) < self._most:
            kept.add(bare)
            return series.labels
        # Remembered up to a bound, too: how far beyond the cap it goes need not be known exactly.
        if len(self.folded) < MOST_LABEL_SETS:
            self.folded.add((series.family, bare))
        return tuple((name, value if name == "le" else OTHER) for name, value in series.labels)


class _Plan:
    """Where each number of each file goes."""

    def __init__(self, kind: str, layouts: Sequence[tuple[Series, ...]], cap: _Cap) -> None:
        rows: dict[tuple[str, str, Labels], int] = {}
        helps: dict[str, str] = {}
        self._routes = []
        for layout in layouts:
            route = [rows.setdefault((each.family, each.sample, cap.labels(each)), len(rows)) for each in layout]
            for each in layout:
                helps.setdefault(each.family, each.help)
            # Slots of one release agree on the order: their columns are added whole.
            self._routes.append(None if route == list(range(len(route))) else route)
        self._height = len(rows)
        self.families = [Family(name, text, kind) for name, text in helps.items()]
        samples = _of_families(rows)
        describe = _describe_histogram if kind == "histogram" else _describe_plain
        self._readers = [reader for family in self.families for reader in describe(family, samples[family.name])]

    def run(self, columns: Sequence[Column]) -> Totals:
        sums = [0.0] * self._height
        for column, route in zip(columns, self._routes, strict=True):
            if route is None:
                sums[: len(column)] = map(add, sums, column)
            else:
                for row, value in zip(route, column, strict=True):
                    sums[row] += value
        values: list[float] = []
        for read in self._readers:
            values += read(sums)
        return Totals(self.families, values)


Reader = Callable[[Column], Iterable[float]]
Rows = Sequence[tuple[str, Labels, int]]


def _of_families(rows: Mapping[tuple[str, str, Labels], int]) -> Mapping[str, Rows]:
    """Group the rows: (sample, labels, row) by family."""
    grouped: dict[str, list[tuple[str, Labels, int]]] = {}
    for (family, sample, labels), row in rows.items():
        grouped.setdefault(family, []).append((sample, labels, row))
    return grouped


def _describe_plain(family: Family, rows: Rows) -> Iterator[Reader]:
    for sample, labels, _ in rows:
        family.add_sample(sample, dict(labels), 0.0)
    yield _at([row for _, _, row in rows])


def _describe_histogram(family: Family, rows: Rows) -> Iterator[Reader]:
    """Files hold single buckets; the format wants running sums, and the last of them as the count."""
    others: dict[Labels, list[tuple[str, int]]] = {}
    buckets: dict[Labels, list[tuple[float, int]]] = {}
    for sample, labels, row in rows:
        edge = dict(labels).get("le")
        bare = tuple(label for label in labels if label[0] != "le")
        others.setdefault(bare, [])
        if edge is None:
            others[bare].append((sample, row))
        else:
            buckets.setdefault(bare, []).append((float(edge), row))
    for bare, plain in others.items():
        for sample, _ in plain:
            family.add_sample(sample, dict(bare), 0.0)
        yield _at([row for _, row in plain])
        if bare in buckets:
            yield _describe_buckets(family, bare, sorted(buckets[bare]))


def _describe_buckets(family: Family, bare: Labels, buckets: Sequence[tuple[float, int]]) -> Reader:
    for edge, _ in buckets:
        le = floatToGoString(edge)  # type: ignore[no-untyped-call]
        family.add_sample(f"{family.name}_bucket", {**dict(bare), "le": le}, 0.0)
    family.add_sample(f"{family.name}_count", dict(bare), 0.0)
    pick = _at([row for _, row in buckets])

    def read(sums: Column) -> Iterable[float]:
        running = list(accumulate(pick(sums)))
        return (*running, running[-1])

    return read


def _at(rows: Sequence[int]) -> Reader:
    if len(rows) < 2:
        return lambda sums: [sums[row] for row in rows]
    return itemgetter(*rows)
