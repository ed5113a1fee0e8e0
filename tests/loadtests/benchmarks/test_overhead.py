"""The arithmetic of what telemetry costs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from loadtests.benchmarks import overhead
from loadtests.benchmarks.overhead import Findings, Variant, Verdict


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


def test_rounds_of_several_starts_count_as_those_of_one():
    both = overhead.together([Findings(ROUNDS.rounds[:1], 100), Findings(ROUNDS.rounds[1:], 100)])

    assert both == ROUNDS


def test_half_of_the_rounds_lie_between_the_quartiles():
    assert ROUNDS.middle_half(Variant.SOME_TRACES) == pytest.approx((1.1, (1.1 + 2.475) / 2))


def test_one_round_is_its_own_middle():
    assert Findings(ROUNDS.rounds[:1], 100).middle_half(Variant.EVERYTHING) == (1.5, 1.5)


def rounds_of(*ratios: float) -> Findings:
    return Findings([a_round(4.0, *[4.0 * ratio] * 4) for ratio in ratios], bookings_each=100)


def test_the_median_lies_between_the_second_and_the_ninth_of_ten_rounds():
    # P(Binomial(10, 1/2) <= 1) is 1.1 %, and <= 2 is 5.5 %: the second from either end leaves out less than 2.5 %.
    ten = rounds_of(*(1 + number / 100 for number in range(10)))

    assert ten.bounds(Variant.LOG) == pytest.approx((1.01, 1.08))


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ([1.04] * 6, Verdict.MET),
        ([1.06] * 6, Verdict.MISSED),
        ([1.03, 1.04, 1.04, 1.04, 1.04, 1.06], Verdict.OPEN),
        # Too few for any bound.
        ([1.00] * 5, Verdict.OPEN),
    ],
)
def test_only_what_chance_did_not_decide_is_decided(ratios, verdict):
    assert rounds_of(*ratios).verdict() is verdict


def test_the_table_says_which_of_them_keep_the_limit():
    console = Console(record=True, width=120, file=io.StringIO())
    overhead.show(Findings(ROUNDS.rounds * 3, 100), console)

    lines = console.export_text().splitlines()
    told = {variant: next(line for line in lines if str(variant) in line).split()[-1] for variant in Variant}
    assert [told[variant] for variant in (Variant.LOG, Variant.SOME_TRACES)] == ["met", "missed"]
