"""What telemetry costs a booking: processor time of cores that differ in nothing else, in the same rounds.

Every round asks each of them for the same number of bookings, in short turns whose order is drawn anew. What counts is
the ratio within a round, so that whatever else the machine does falls on all of them alike, and the median over the
rounds; and how sure one may be of that: where chance could have decided, nothing is decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import inf
from statistics import median, quantiles
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from loadtests.order_statistics import upper_bound

# Either end of where the median lies, so that it lies there with 95 %.
_CONFIDENCE = Decimal("0.975")
# What everything that is on by default, once an endpoint for traces is set, may cost beside nothing.
LIMIT = 1.05


class Variant(StrEnum):
    """How much a core tells; each tells what the one before does, and more."""

    NOTHING = "nothing"
    METRICS = "metrics"
    LOG = "and log lines"
    SOME_TRACES = "and one trace in twenty"
    EVERYTHING = "and every trace"


class Verdict(StrEnum):
    """Whether the limit is kept."""

    MET = "met"
    MISSED = "missed"
    OPEN = "too noisy to say"


_COLOURS = {Verdict.MET: "green", Verdict.MISSED: "bold red", Verdict.OPEN: "yellow"}


@dataclass(frozen=True, slots=True)
class Findings:
    """Milliseconds of processor time a booking, by round."""

    rounds: Sequence[Mapping[Variant, float]]
    bookings_each: int

    def milliseconds(self, variant: Variant) -> float:
        return median(each[variant] for each in self.rounds)

    def ratios(self, variant: Variant) -> Sequence[float]:
        """Return, round by round, how many times the cost of telling nothing."""
        return [each[variant] / each[Variant.NOTHING] for each in self.rounds]

    def ratio(self, variant: Variant) -> float:
        return median(self.ratios(variant))

    def verdict(self, variant: Variant = Variant.SOME_TRACES) -> Verdict:
        least, most = self.bounds(variant)
        if most <= LIMIT:
            return Verdict.MET
        return Verdict.MISSED if least > LIMIT else Verdict.OPEN

    def bounds(self, variant: Variant) -> tuple[float, float]:
        """Return between which ratios the true median lies, with 95 %; of a few rounds nobody can say."""
        ratios = self.ratios(variant)
        most = _above_median(ratios)
        least = _above_median([-ratio for ratio in ratios])
        return (-inf if least is None else -least, inf if most is None else most)

    def middle_half(self, variant: Variant) -> tuple[float, float]:
        """Return between which ratios half of the rounds lie."""
        if len(self.rounds) < 2:
            return (self.ratio(variant),) * 2
        first, _, third = quantiles(self.ratios(variant), n=4, method="inclusive")
        return first, third


def together(found: Sequence[Findings]) -> Findings:
    """Return the rounds of several starts as those of one."""
    return Findings([each for findings in found for each in findings.rounds], found[0].bookings_each)


def _above_median(values: Sequence[float]) -> float | None:
    return upper_bound(values, share=Decimal("0.5"), confidence=_CONFIDENCE)


def show(findings: Findings, console: Console) -> None:
    """Print the table."""
    title = f"processor time of a booking, {len(findings.rounds)} rounds of {findings.bookings_each} bookings each"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("the core tells")
    for heading in ("ms", "times nothing", "surely within", "half of the rounds", f"up to {LIMIT}"):
        table.add_column(heading, justify="right")
    for variant in Variant:
        verdict = findings.verdict(variant)
        numbers = (
            f"{findings.milliseconds(variant):.2f}",
            f"{findings.ratio(variant):.3f}",
            _span(findings.bounds(variant)),
            _span(findings.middle_half(variant)),
        )
        said = "" if variant is Variant.NOTHING else f"[{_COLOURS[verdict]}]{verdict}[/]"
        table.add_row(variant, *numbers, said)
    console.print(table)


def _span(ends: tuple[float, float]) -> str:
    return " to ".join(f"{end:.3f}" for end in ends)


def as_json(findings: Findings) -> Mapping[str, Any]:
    """Return the numbers for the next run to be compared with."""
    return {
        "bookings_each": findings.bookings_each,
        "milliseconds": [{str(variant): each[variant] for variant in Variant} for each in findings.rounds],
        "ratios": {str(variant): findings.ratio(variant) for variant in Variant},
        "verdict": str(findings.verdict()),
    }
