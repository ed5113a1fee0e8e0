"""What telemetry costs a booking: processor time of cores that differ in nothing else, in the same rounds.

Every round asks each of them for the same number of bookings, in an order of its own. What counts is the ratio within a
round, so that whatever else the machine does falls on all of them alike, and the median over the rounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median, quantiles
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

# What everything that is on by default, once an endpoint for traces is set, may cost beside nothing.
LIMIT = 1.05


class Variant(StrEnum):
    """How much a core tells; each tells what the one before does, and more."""

    NOTHING = "nothing"
    METRICS = "metrics"
    LOG = "and log lines"
    SOME_TRACES = "and one trace in twenty"
    EVERYTHING = "and every trace"


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

    def is_met(self, variant: Variant = Variant.SOME_TRACES) -> bool:
        return self.ratio(variant) <= LIMIT

    def middle_half(self, variant: Variant) -> tuple[float, float]:
        """Return between which ratios half of the rounds lie."""
        if len(self.rounds) < 2:
            return (self.ratio(variant),) * 2
        first, _, third = quantiles(self.ratios(variant), n=4, method="inclusive")
        return first, third


def show(findings: Findings, console: Console) -> None:
    """Print the table."""
    title = f"processor time of a booking, {len(findings.rounds)} rounds of {findings.bookings_each} bookings each"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("the core tells")
    for heading in ("ms", "times nothing", "half of the rounds", f"up to {LIMIT}"):
        table.add_column(heading, justify="right")
    for variant in Variant:
        low, high = findings.middle_half(variant)
        met = "[green]met[/]" if findings.is_met(variant) else "[bold red]missed[/]"
        numbers = (
            f"{findings.milliseconds(variant):.2f}",
            f"{findings.ratio(variant):.3f}",
            f"{low:.3f} to {high:.3f}",
        )
        table.add_row(variant, *numbers, "" if variant is Variant.NOTHING else met)
    console.print(table)


def as_json(findings: Findings) -> Mapping[str, Any]:
    """Return the numbers for the next run to be compared with."""
    return {
        "bookings_each": findings.bookings_each,
        "milliseconds": [{str(variant): each[variant] for variant in Variant} for each in findings.rounds],
        "ratios": {str(variant): findings.ratio(variant) for variant in Variant},
    }
