"""The arithmetic of what telemetry costs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from loadtests.benchmarks import overhead
from loadtests.benchmarks.overhead import Findings, Variant


def a_round(nothing: float, *others: float) -> dict[Variant, float]:
    return dict(zip(Variant, (nothing, *others), strict=True))


ROUNDS = Findings(
    [
        a_round(4.0, 4.0, 4.2, 4.4, 6.0),
        # Somebody else was busy: everything cost twice as much, and every ratio stayed.
        a_round(8.0, 8.0, 8.4, 8.8, 12.0),
        a_round(4.0, 4.0, 4.1, 9.9, 6.4),
    ],
    bookings_each=100,
)


def test_the_ratio_is_the_median_of_the_ratios_within_a_round():
    assert [ROUNDS.ratio(variant) for variant in Variant] == pytest.approx([1.0, 1.0, 1.05, 1.1, 1.5])


def test_half_of_the_rounds_lie_between_the_quartiles():
    assert ROUNDS.middle_half(Variant.SOME_TRACES) == pytest.approx((1.1, (1.1 + 2.475) / 2))


def test_one_round_is_its_own_middle():
    assert Findings(ROUNDS.rounds[:1], 100).middle_half(Variant.EVERYTHING) == (1.5, 1.5)


def test_the_table_says_which_of_them_keep_the_limit():
    console = Console(record=True, width=100, file=io.StringIO())
    overhead.show(ROUNDS, console)

    lines = console.export_text().splitlines()
    told = {variant: next(line for line in lines if str(variant) in line).split()[-1] for variant in Variant}
    assert [told[variant] for variant in (Variant.LOG, Variant.SOME_TRACES)] == ["met", "missed"]
