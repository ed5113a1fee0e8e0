"""A month of a working chain in a real Prometheus: samples as they would have been scraped, written by promtool.

Apart from the benchmark that asks about it. Not every series: all label values of a metric occur, in as few of its
children as that takes, up to a limit; the rest of a real exporter's children are zeros that nobody has counted yet.
What dashboards draw of a long time, the copies of few samples, is there in full.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from random import Random

import httpx

from sla import recordings, series, sparse
from sla.catalogue import Kind, Metric, catalogue
from sla.objectives import Promise
from sla.promql import GIVEN
from sla.topology import JOBS

DAY = 24 * 3600
BEGIN = 1_790_035_200
# For labels whose values code cannot enumerate.
_OPEN_VALUE = "0"
# A text of so many days at a time: a file of a month would be as large as all of them together.
_SLICE_DAYS = 5


@dataclass(frozen=True, slots=True)
class Month:
    """So many days, a sample every so many seconds, and at most so many children of each metric; 0 for all."""

    days: int
    step_seconds: int
    counters: int
    histograms: int

    @property
    def end(self) -> int:
        return BEGIN + self.days * DAY


def scraped(month: Month) -> Sequence[tuple[str, bool]]:
    """Return every scraped series, and whether it only ever grows."""
    every: list[tuple[str, bool]] = []
    for metric in catalogue():
        grows = metric.kind is not Kind.GAUGE
        every += [(_selector(*sample), grows) for sample in _samples(metric, _children(metric, month))]
    every += [(_selector("up", {"job": job, "instance": "a"}), False) for job in JOBS]
    every += [(_selector(name, labels), name.endswith("_total")) for name, labels in _given()]
    return every


def recorded(promise: Promise) -> Mapping[int, Sequence[str]]:
    """Return every recorded series by the seconds between two of its samples."""
    timers = promise.timers
    fast = {entry.name for entry in recordings.fast(promise)}
    by_step: dict[int, list[str]] = {}
    for entry in series.recorded(promise):
        job = {"job": "booking"} if entry.name.startswith("job:") else {}
        interval = timers.fast_evaluation_interval if entry.name in fast else timers.budget_evaluation_interval
        by_step.setdefault(int(interval.seconds), []).append(_selector(entry.name, job | dict(entry.labels)))
    return by_step


def copied() -> Sequence[str]:
    """Return the sparse copy of every series that grows, of every child: few samples, so all of them can be there."""
    copies = {entry.expression: entry.name for entry in sparse.recordings()}
    ours = (sample for metric in catalogue() for sample in _samples(metric, _every_child(metric)))
    return [_selector(copies[name], labels) for name, labels in (*ours, *_given()) if name in copies]


@dataclass(frozen=True, slots=True)
class Slice:
    """Some days of it: how many samples, and their lines, series by series."""

    samples: int
    lines: Callable[[str], Iterator[str]]


def slices(month: Month, promise: Promise) -> Iterator[Slice]:
    """Yield the month, slice after slice; what `lines` is given stands behind each time, such as milliseconds."""
    plans: list[tuple[int, Sequence[tuple[str, bool]]]] = [(month.step_seconds, scraped(month))]
    plans += [(step, [(name, False) for name in names]) for step, names in recorded(promise).items()]
    plans.append((int(promise.timers.sparse_interval.seconds), [(name, True) for name in copied()]))
    for begin in range(BEGIN, month.end, _SLICE_DAYS * DAY):
        end = min(begin + _SLICE_DAYS * DAY, month.end)
        samples = sum(len(range(begin, end, step)) * len(every) for step, every in plans)
        yield Slice(samples, partial(_lines, plans, begin, end))


def _lines(plans: Sequence[tuple[int, Sequence[tuple[str, bool]]]], begin: int, end: int, zeros: str) -> Iterator[str]:
    for step, every in plans:
        # The same numbers for all: what a query costs does not depend on them.
        counted, level = (_tails(range(begin, end, step), zeros, grows=grows) for grows in (True, False))
        for selector, grows in sorted(every):
            yield selector.join(["", *(counted if grows else level)])


def write(month: Month, promise: Promise, directory: Path) -> Iterator[int]:
    """Write blocks into `directory`/data with promtool; yield how many samples each slice had."""
    text = directory / "slice.txt"
    for part in slices(month, promise):
        with text.open("w", encoding="utf-8") as file:
            file.writelines(part.lines(""))
            file.write("# EOF\n")
        command = ("promtool", "tsdb", "create-blocks-from", "--max-block-duration=256h", "openmetrics", "--quiet")
        subprocess.run([*command, text.name, "data"], cwd=directory, check=True)  # noqa: S603 - our own text
        text.unlink()
        yield part.samples


def send(month: Month, promise: Promise, store: httpx.Client) -> Iterator[int]:
    """Import it into VictoriaMetrics; yield how many samples each slice had."""
    for part in slices(month, promise):
        lines = (text.encode() for text in part.lines("000"))
        store.post("/api/v1/import/prometheus", content=lines).raise_for_status()
        yield part.samples


def _tails(moments: range, zeros: str, *, grows: bool) -> list[str]:
    """Return the part of each line after the series: a value and its time."""
    random = Random(moments.start)  # noqa: S311 - only numbers
    drawn = [random.randrange(3) for _ in moments]
    before = 3 * (moments.start - BEGIN) // moments.step if grows else 0
    values = accumulate(drawn, initial=before) if grows else drawn
    return [f" {value} {moment}{zeros}\n" for value, moment in zip(values, moments, strict=False)]


def _children(metric: Metric, month: Month) -> Sequence[Mapping[str, str]]:
    """Return the first children that have a label value none before had."""
    most = month.histograms if metric.kind is Kind.HISTOGRAM else month.counters
    if not most:
        return _every_child(metric)
    seen: set[tuple[str, str]] = set()
    chosen: list[Mapping[str, str]] = []
    for child in _every_child(metric):
        if set(child.items()) - seen or not chosen:
            seen |= set(child.items())
            chosen.append(child)
    return chosen[:most]


def _every_child(metric: Metric) -> Sequence[Mapping[str, str]]:
    if not all(label.values for label in metric.labels):
        return [{label.name: label.values[0] if label.values else _OPEN_VALUE for label in metric.labels}]
    return list(metric.children())


def _samples(metric: Metric, children: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield name and labels of every sample these children have."""
    for child in children:
        labels = {"job": "booking", "instance": "a", **child}
        if metric.kind is not Kind.HISTOGRAM:
            yield metric.name, labels
            continue
        for edge in (*map(float, metric.buckets), "+Inf"):
            yield f"{metric.name}_bucket", {**labels, "le": str(edge)}
        yield f"{metric.name}_count", labels
        yield f"{metric.name}_sum", labels


def _given() -> Iterator[tuple[str, Mapping[str, str]]]:
    for job in JOBS:
        for name, names in GIVEN.items():
            yield name, {"job": job, "instance": "a"} | dict.fromkeys(names, _OPEN_VALUE)


def _selector(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{inside}}}"
