"""What telemetry costs a booking: processor time of cores that differ in nothing else, booking by booking.

In every round each of them makes one booking, in an order that is drawn anew; after a batch of rounds each sends the
traces it has. A machine that does something else besides, or whose neighbours do, only ever adds: of each batch the
rounds that cost most together are left out. What counts is the mean of the others, and its ratio to that of the core
that tells nothing. How sure one may be of that is found by drawing the batches again, with replacement (B. Efron,
1979): where chance could have decided, nothing is decided.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import ceil
from statistics import fmean, quantiles
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

# What everything that is on by default, once an endpoint for traces is set, may cost beside nothing.
LIMIT = 1.05
_DRAWS = 2000
# The share of a batch's rounds that is left out.
_DISTURBED = 0.1


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
    OPEN = "too noisy"


_COLOURS = {Verdict.MET: "green", Verdict.MISSED: "bold red", Verdict.OPEN: "yellow"}

# Milliseconds of processor time, of each core.
Cost = Mapping[Variant, float]


def batch(rounds: Sequence[Cost], sending: Cost) -> Cost:
    """Return what one booking of a batch costs, its share of the sending after them included."""
    least = sorted(rounds, key=lambda cost: sum(cost.values()))[: ceil(len(rounds) * (1 - _DISTURBED))]
    return {variant: fmean(cost[variant] for cost in least) + sending[variant] / len(rounds) for variant in Variant}


@dataclass(frozen=True)
class Findings:
    """What a booking cost, batch by batch."""

    batches: Sequence[Cost]
    rounds_each: int

    def milliseconds(self, variant: Variant) -> float:
        """Return what a booking costs."""
        return fmean(cost[variant] for cost in self.batches)

    def ratio(self, variant: Variant) -> float:
        """Return how many times the cost of telling nothing."""
        return self.milliseconds(variant) / self.milliseconds(Variant.NOTHING)

    def bounds(self, variant: Variant) -> tuple[float, float]:
        """Return between which ratios the true one lies, with 95 %."""
        least, *_, most = quantiles((drawn.ratio(variant) for drawn in self._drawn_again), n=40)
        return least, most

    @cached_property
    def _drawn_again(self) -> Sequence[Findings]:
        draw = random.Random(1).choices  # noqa: S311 - the same findings, the same bounds
        return [Findings(draw(self.batches, k=len(self.batches)), self.rounds_each) for _ in range(_DRAWS)]

    def verdict(self, variant: Variant = Variant.SOME_TRACES) -> Verdict:
        least, most = self.bounds(variant)
        if most <= LIMIT:
            return Verdict.MET
        return Verdict.MISSED if least > LIMIT else Verdict.OPEN


def show(findings: Findings, console: Console) -> None:
    """Print the table."""
    bookings = len(findings.batches) * findings.rounds_each
    title = f"milliseconds of processor time a booking, of {bookings} bookings each"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("the core tells", no_wrap=True)
    for heading in ("", "ratio", "surely", f"<= {LIMIT}"):
        table.add_column(heading, justify="right", no_wrap=True)
    for variant in Variant:
        numbers = [f"{findings.milliseconds(variant):.2f}"]
        if variant is not Variant.NOTHING:
            verdict = findings.verdict(variant)
            least, most = findings.bounds(variant)
            numbers += [f"{findings.ratio(variant):.3f}", f"{least:.3f}-{most:.3f}"]
            numbers.append(f"[{_COLOURS[verdict]}]{verdict}[/]")
        table.add_row(variant, *numbers)
    console.print(table)


def as_json(findings: Findings) -> Mapping[str, Any]:
    """Return the numbers for the next run to be compared with."""
    return {
        "rounds_each": findings.rounds_each,
        "batches": [{str(variant): cost[variant] for variant in Variant} for cost in findings.batches],
        "ratios": {str(variant): findings.ratio(variant) for variant in Variant},
        "verdict": str(findings.verdict()),
    }
