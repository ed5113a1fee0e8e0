"""Recorded series that only the report reads: what a month looked like, small enough to be kept for years."""

from __future__ import annotations

from sla import catalogue as c
from sla import promql
from sla.catalogue import Metric
from sla.quantities import Duration
from sla.recordings import Recording

STEP = Duration.parse("5m")
HOUR = Duration.parse("1h")


def failures_by_reason() -> Recording:
    """Real attempts that we failed, by reason."""
    failed = promql.increase(c.ATTEMPTS, str(STEP), outcome=c.FAILED, traffic="real")
    return Recording(f"slo:booking_failures:increase{STEP}", promql.sum_by(failed, "reason"))


def answers() -> Recording:
    """Answers to real callers by the time they took: the buckets of an hour."""
    return _buckets("api_requests", c.API_DURATION, traffic="real")


def journeys() -> Recording:
    """Journeys of the probe by the time they took."""
    return _buckets("probe_journeys", c.PROBE_DURATION)


def calls() -> Recording:
    """Journeys of real callers whose booking was confirmed, by the time they took."""
    return _buckets("call_journeys", c.JOURNEY_DURATION, traffic="real")


def recordings() -> tuple[Recording, ...]:
    """Return every one of them."""
    return (failures_by_reason(), answers(), journeys(), calls())


def _buckets(name: str, metric: Metric, **match: promql.Match) -> Recording:
    grown = promql.increase(metric, str(HOUR), suffix="_bucket", **match)
    return Recording(f"slo:{name}_bucket:increase{HOUR}", promql.sum_by(grown, "le"))
