"""Exact arithmetic on samples: a percentile that is one of them, and how sure one may be of it.

Apart from the verdict because these are formulas with known answers; they know nothing of probes or promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal
from math import exp, lgamma, log


def nearest_rank(values: Sequence[float], share: Decimal) -> float | None:
    """Return the smallest value that at least this share of all values does not exceed; None for no values."""
    if not values:
        return None
    # In Decimal: 0.95 * 20 must be 19, never 19.000000000000004.
    rank = int((share * len(values)).to_integral_value(ROUND_CEILING))
    return sorted(values)[max(rank, 1) - 1]


def upper_bound_rank(count: int, *, share: Decimal, confidence: Decimal) -> int | None:
    """Return the rank of the value that bounds the true quantile from above; None when no value can.

    The k-th of n values lies below the quantile q exactly when k or more of the n fall below it, so we want the
    smallest k with P(Binomial(n, q) >= k) <= 1 - confidence (distribution-free, by order statistics).
    """
    tail = 0.0
    for rank in range(count, 0, -1):
        tail += _binomial(count, rank, float(share))
        if tail > 1 - confidence:
            return rank + 1 if rank < count else None
    return 1 if count else None


def upper_bound(values: Sequence[float], *, share: Decimal, confidence: Decimal) -> float | None:
    """Return the one-sided upper bound of the quantile; None when there are too few values for one."""
    rank = upper_bound_rank(len(values), share=share, confidence=confidence)
    return sorted(values)[rank - 1] if rank else None


def fewest_samples(*, share: Decimal, confidence: Decimal) -> int:
    """Return how many samples it takes to bound the quantile at all: 59 for P95 at 95 %."""
    allowed = float(1 - confidence)
    count = max(int(log(allowed) / log(float(share))), 1)
    return count if float(share) ** count <= allowed else count + 1


def beyond_chance(bad: int, *, count: int, allowed_ratio: Decimal, confidence: Decimal) -> bool:
    """Tell whether so many bad ones of `count` cannot be chance, if in truth only `allowed_ratio` were bad."""
    at_least = sum(_binomial(count, number, float(allowed_ratio)) for number in range(bad, count + 1))
    return bad > 0 and at_least <= 1 - confidence


def _binomial(count: int, successes: int, probability: float) -> float:
    """The chance of exactly so many successes; in logarithms, because 0.95 ** 20 000 is no number a float can hold."""
    ways = lgamma(count + 1) - lgamma(successes + 1) - lgamma(count - successes + 1)
    return exp(ways + successes * log(probability) + (count - successes) * log(1 - probability))
