"""The arithmetic of what telemetry costs."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable

import pytest
from rich.console import Console

from loadtests.benchmarks import overhead
from loadtests.benchmarks.overhead import Cost, Findings, Variant, Verdict


def costs(*each: float) -> Cost:
    return dict(zip(Variant, each, strict=True))


def alike(milliseconds: float) -> Cost:
    return dict.fromkeys(Variant, milliseconds)


def findings_of(batches: Iterable[Cost]) -> Findings:
    return Findings([*batches], rounds_each=200)


def some_traces_at(ratio: float, *, noise: float) -> Findings:
    """Return batches of which each is disturbed by up to so much, one in twenty traces costing that much of nothing."""
    chance = random.Random(1)

    def disturbed(cost: float) -> float:
        return cost * (1 + noise * chance.random())

    return findings_of(costs(*map(disturbed, (4.0, 4.0, 4.0, 4.0 * ratio, 5.0))) for _ in range(50))


def test_rounds_in_which_somebody_else_was_at_work_are_left_out_whomever_it_hit():
    quiet = [costs(4.0, 4.1, 4.2, 4.3, 4.4), costs(4.2, 4.3, 4.4, 4.5, 4.6)]
    disturbed = costs(4.0, 4.1, 4.2, 9.9, 4.4)

    batch = overhead.batch([*quiet, disturbed, *quiet * 4], alike(0.0))
    assert [*batch.values()] == pytest.approx([4.1, 4.2, 4.3, 4.4, 4.5])


def test_a_round_that_is_dear_for_one_of_them_is_dear_for_all():
    dear_for_one = [costs(4.0, 4.0, 4.0, 4.0, 4.0 + number) for number in range(10)]

    batch = overhead.batch(dear_for_one, alike(0.0))
    assert batch == pytest.approx(costs(4.0, 4.0, 4.0, 4.0, 8.0))


def test_what_is_sent_later_is_paid_by_the_bookings_it_tells_of():
    rounds = [costs(4.0, 4.0, 4.0, 4.1, 4.4)] * 10
    findings = findings_of([overhead.batch(rounds, sending=costs(0.0, 0.0, 0.0, 1.0, 6.0))])

    assert [findings.ratio(variant) for variant in Variant] == pytest.approx([1.0, 1.0, 1.0, 1.05, 1.25])


@pytest.mark.parametrize(
    ("ratio", "noise", "verdict"),
    [
        (1.02, 0.05, Verdict.MET),
        (1.08, 0.05, Verdict.MISSED),
        (1.05, 0.05, Verdict.OPEN),
        # As great a difference, where more is at work beside it.
        (1.02, 3.0, Verdict.OPEN),
        (1.08, 3.0, Verdict.OPEN),
    ],
)
def test_only_what_chance_did_not_decide_is_decided(ratio, noise, verdict):
    assert some_traces_at(ratio, noise=noise).verdict() is verdict


def test_the_ratio_lies_within_its_bounds_and_more_batches_bring_them_together():
    many = some_traces_at(1.03, noise=0.2)
    few = findings_of(many.batches[:5])

    (least, most), (fewest, mostest) = (each.bounds(Variant.SOME_TRACES) for each in (many, few))
    assert least <= many.ratio(Variant.SOME_TRACES) <= most
    assert most - least < mostest - fewest


def test_the_same_findings_have_the_same_bounds():
    assert some_traces_at(1.03, noise=0.2).bounds(Variant.LOG) == some_traces_at(1.03, noise=0.2).bounds(Variant.LOG)


def test_of_no_batches_nothing_is_said():
    with pytest.raises(ValueError, match="at least one data point"):
        findings_of([]).ratio(Variant.LOG)


def test_the_table_says_which_of_them_keep_the_limit():
    console = Console(record=True, width=80, file=io.StringIO())
    overhead.show(findings_of([costs(4.0, 4.0, 4.1, 4.4, 6.0)] * 3), console)

    lines = console.export_text().splitlines()
    told = {variant: next(line for line in lines if str(variant) in line).split()[-1] for variant in Variant}
    assert [told[variant] for variant in (Variant.LOG, Variant.SOME_TRACES)] == ["met", "missed"]
