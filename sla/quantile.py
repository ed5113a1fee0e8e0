"""A quantile out of buckets, as everybody who reads histograms estimates it."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """Estimate a quantile of cumulated buckets (upper edge, +Inf included, to count); None where nothing was counted.

    As Prometheus does: linear within its bucket; the last finite edge beyond that.
    """
    total = buckets.get(inf, 0.0)
    if total <= 0:
        return None
    rank, lower, below = share * total, 0.0, 0.0
    for edge in sorted(buckets):
        count = buckets[edge]
        if count >= rank:
            return lower if edge == inf else lower + (edge - lower) * (rank - below) / (count - below)
        lower, below = edge, count
    return lower
