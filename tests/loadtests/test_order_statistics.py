"""The verdict's arithmetic against known answers and against itself."""

from decimal import Decimal
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.order_statistics import beyond_chance, fewest_samples, nearest_rank, upper_bound, upper_bound_rank

P95 = Decimal("0.95")
SURE = Decimal("0.95")

values = st.lists(st.floats(0, 1e6), min_size=1, max_size=300)


@pytest.mark.parametrize(("count", "rank"), [(20, 19), (59, 57), (60, 57), (66, 63), (100, 95), (1000, 950)])
def test_p95_is_the_nearest_rank(count, rank):
    assert nearest_rank(range(1, count + 1), P95) == rank


def test_a_share_that_floats_cannot_hold_is_not_rounded_up():
    assert nearest_rank(range(1, 1001), Decimal("0.999")) == 999


def test_no_values_have_no_percentile():
    assert nearest_rank([], P95) is None


@pytest.mark.parametrize(
    ("count", "rank"),
    [(0, None), (20, None), (58, None), (59, 59), (60, 60), (66, 66), (100, 99), (300, 292), (1000, 962)],
)
def test_the_upper_bound_is_the_known_order_statistic(count, rank):
    assert upper_bound_rank(count, share=P95, confidence=SURE) == rank


@settings(max_examples=30)
@given(st.integers(1, 120), st.sampled_from(["0.5", "0.9", "0.95", "0.99"]), st.sampled_from(["0.8", "0.95", "0.99"]))
def test_the_bound_is_the_smallest_rank_that_exact_fractions_allow(count, share, confidence):
    quantile, allowed = Fraction(share), 1 - Fraction(confidence)
    chances = [comb(count, k) * quantile**k * (1 - quantile) ** (count - k) for k in range(count + 1)]
    bounding = [rank for rank in range(1, count + 1) if sum(chances[rank:]) <= allowed]

    rank = upper_bound_rank(count, share=Decimal(share), confidence=Decimal(confidence))

    assert rank == min(bounding, default=None)


@given(values)
def test_a_percentile_is_one_of_the_values_and_enough_of_them_do_not_exceed_it(seconds):
    p95 = nearest_rank(seconds, P95)

    assert p95 in seconds
    assert sum(value <= p95 for value in seconds) >= P95 * len(seconds)
    assert sum(value < p95 for value in seconds) < P95 * len(seconds)


@given(values)
def test_an_upper_bound_is_never_below_the_percentile(seconds):
    bound = upper_bound(seconds, share=P95, confidence=SURE)

    assert bound is None or bound >= (nearest_rank(seconds, P95) or 0)
    assert (bound is None) == (len(seconds) < 59)


@given(values, st.floats(0, 1e6))
def test_a_slower_value_never_lowers_anything(seconds, more):
    slower = [*seconds[1:], seconds[0] + more]

    assert (nearest_rank(slower, P95) or 0) >= (nearest_rank(seconds, P95) or 0)


def test_it_takes_59_samples_to_bound_p95():
    assert fewest_samples(share=P95, confidence=SURE) == 59
    assert fewest_samples(share=Decimal("0.5"), confidence=SURE) == 5
    assert fewest_samples(share=Decimal("0.99"), confidence=SURE) == 299


@pytest.mark.parametrize(
    ("bad", "count", "is_beyond"),
    [(0, 0, False), (0, 100, False), (1, 20, False), (3, 66, False), (4, 66, True), (66, 66, True)],
)
def test_a_few_bad_ones_may_be_chance(bad, count, is_beyond):
    assert beyond_chance(bad, count=count, allowed_ratio=Decimal("0.02"), confidence=SURE) is is_beyond


def test_twenty_thousand_samples_do_not_underflow():
    assert upper_bound_rank(20_000, share=P95, confidence=SURE) == 19_051
