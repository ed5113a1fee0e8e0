"""The cases an alert must pass: invented samples, and what must or must not be firing when.

Apart from promtool's file format (alerts/unittests.py): an alert states its cases, it does not know who runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from sla import promql
from sla.catalogue import Metric
from sla.quantities import Duration
from sla.topology import JOBS


class Proof(StrEnum):
    """What a case shows. Every alert that notifies a person must show all five."""

    FIRES = "fires"
    NOT_EARLY = "is silent one step earlier"
    LOW_TRAFFIC = "is silent at low traffic"
    NO_DATA = "does what it must without data"
    RESOLVES = "resolves"


@dataclass(frozen=True, slots=True)
class Series:
    """Invented samples of one series, in promtool's notation: one value per scrape."""

    selector: str
    values: str


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert expected to fire: the labels its expression keeps and, where the wording is judged too, its facts."""

    labels: Mapping[str, str]
    facts: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What is expected at one moment; nothing listed means that the alert may not fire."""

    at_seconds: float
    firing: tuple[Firing, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence, the samples it is about, and what must be seen."""

    title: str
    proves: frozenset[Proof]
    series: tuple[Series, ...]
    checks: tuple[Check, ...]
    # Between two samples, where it is not the scrape interval: an alert that looks back for days needs no seconds.
    interval: Duration | None = None


def case(
    title: str,
    *proves: Proof,
    series: tuple[Series, ...] = (),
    checks: tuple[Check, ...],
    interval: Duration | None = None,
) -> Case:
    """Build a case; reads as a sentence where the alert is declared."""
    return Case(title, frozenset(proves), series, checks, interval)


@dataclass(frozen=True, slots=True)
class Phase:
    """So many bad and good events at each of so many scrapes."""

    bad: int
    good: int
    scrapes: int


Samples = Callable[[Sequence[Phase]], tuple[Series, ...]]


def sample(metric: Metric, values: str, *, job: str, suffix: str = "", **labels: str) -> Series:
    """Return samples of a catalogue metric as Prometheus stores them, with the labels of a scrape."""
    return Series(promql.selector(metric, suffix=suffix, job=job, instance=_instance(job), **labels), values)


def slow_observations(
    metric: Metric, over: float, *, job: str, **labels: str
) -> Callable[[Sequence[Phase]], tuple[Series, ...]]:
    """Return how a histogram's samples look when so many observations are above an edge and so many are not."""
    le = promql.edge(metric, over)

    def series(phases: Sequence[Phase]) -> tuple[Series, ...]:
        every = counter(*((phase.bad + phase.good, phase.scrapes) for phase in phases))
        fast = counter(*((phase.good, phase.scrapes) for phase in phases))
        return (
            sample(metric, every, job=job, suffix="_count", **labels),
            sample(metric, fast, job=job, suffix="_bucket", le=le, **labels),
        )

    return series


def foreign(name: str, values: str, *, job: str, **labels: str) -> Series:
    """Return samples of a metric that is not ours: Prometheus's own, or Alertmanager's."""
    return Series(promql.given(name, job=job, instance=_instance(job), **labels), values)


def scrapes(job: str, values: str) -> Series:
    """Return the samples Prometheus makes of the scrapes themselves."""
    return Series(promql.up(job, instance=_instance(job)), values)


def _instance(job: str) -> str:
    return f"{JOBS[job].value}:1"


def counter(*phases: tuple[int, int]) -> str:
    """Write a counter that starts at 0 and grows by so much per scrape, for so many scrapes, phase after phase."""
    text, total = ["0"], 0
    for growth, scrapes_ in phases:
        if scrapes_:
            text.append(f"{total + growth}+{growth}x{scrapes_ - 1}")
        total += growth * scrapes_
    return " ".join(text)


def gauge(*phases: tuple[float, int]) -> str:
    """Write a gauge that holds each value for so many scrapes."""
    return " ".join(f"{value:.12g}+0x{scrapes_ - 1}" for value, scrapes_ in phases if scrapes_)


def parts(share: Fraction) -> tuple[int, int]:
    """Return the smallest (bad, good) whole numbers of events that make exactly this share."""
    return share.numerator, share.denominator - share.numerator
