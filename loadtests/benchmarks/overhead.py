"""What telemetry costs a booking: processor time of cores that differ in nothing else, in the same rounds.

Every round asks each of them for the same number of bookings, in an order that is drawn anew; every few rounds each
sends the traces it has. A machine that does something else besides, or whose neighbours do, only ever adds: what counts
is the mean of the cheaper half of the turns, and its ratio to the same of the core that tells nothing. How sure one may
be of that is found by drawing the turns again, with replacement (B. Efron, 1979): where chance could have decided,
nothing is decided.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from statistics import fmean, median, quantiles
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

# What everything that is on by default, once an endpoint for traces is set, may cost beside nothing.
LIMIT = 1.05
_DRAWS = 2000


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


Costs = Sequence[Mapping[Variant, float]]


@dataclass(frozen=True)
class Findings:
    """Milliseconds of processor time a booking: of every turn, and of every sending of traces, spread over its own."""

    turns: Costs
    sendings: Costs
    bookings_each: int

    def milliseconds(self, variant: Variant) -> float:
        """Return what a booking costs where the machine does little else."""
        return _cost(self.turns, self.sendings, variant)

    def usual(self, variant: Variant) -> float:
        """Return what a booking costs as the machine is."""
        return _median(self.turns, variant) + _median(self.sendings, variant)

    def ratio(self, variant: Variant) -> float:
        """Return how many times the cost of telling nothing."""
        return self.milliseconds(variant) / self.milliseconds(Variant.NOTHING)

    def bounds(self, variant: Variant) -> tuple[float, float]:
        """Return between which ratios the true one lies, with 95 %."""
        ratios = [_cost(*drawn, variant) / _cost(*drawn, Variant.NOTHING) for drawn in self._drawn_again]
        least, *_, most = quantiles(ratios, n=40)
        return least, most

    @cached_property
    def _drawn_again(self) -> Sequence[tuple[Costs, Costs]]:
        draw = random.Random(1).choices  # noqa: S311 - the same findings, the same bounds
        return [(draw(self.turns, k=len(self.turns)), draw(self.sendings, k=len(self.sendings))) for _ in range(_DRAWS)]

    def verdict(self, variant: Variant = Variant.SOME_TRACES) -> Verdict:
        least, most = self.bounds(variant)
        if most <= LIMIT:
            return Verdict.MET
        return Verdict.MISSED if least > LIMIT else Verdict.OPEN


def _cost(turns: Costs, sendings: Costs, variant: Variant) -> float:
    # The median of sendings: the cheap ones are those with little to send.
    cheapest = sorted(each[variant] for each in turns)
    return fmean(cheapest[: (len(cheapest) + 1) // 2]) + _median(sendings, variant)


def _median(costs: Costs, variant: Variant) -> float:
    return median(each[variant] for each in costs)


def show(findings: Findings, console: Console) -> None:
    """Print the table."""
    each = f"{len(findings.turns)} turns of {findings.bookings_each} bookings each"
    title = f"milliseconds of processor time a booking, {each}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("the core tells", no_wrap=True)
    for heading in ("usual", "least", "ratio", "surely", f"<= {LIMIT}"):
        table.add_column(heading, justify="right", no_wrap=True)
    for variant in Variant:
        numbers = [f"{findings.usual(variant):.2f}", f"{findings.milliseconds(variant):.2f}"]
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
        "bookings_each": findings.bookings_each,
        "turns": _by_name(findings.turns),
        "sendings": _by_name(findings.sendings),
        "ratios": {str(variant): findings.ratio(variant) for variant in Variant},
        "verdict": str(findings.verdict()),
    }


def _by_name(costs: Costs) -> Sequence[Mapping[str, float]]:
    return [{str(variant): each[variant] for variant in Variant} for each in costs]
