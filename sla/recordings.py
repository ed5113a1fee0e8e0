"""Every recorded series: its name and the expression behind it.

Here and not in alerts/, because panels draw the same series that alerts judge, and neither package imports the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from sla import catalogue as c
from sla import promql
from sla.catalogue import Metric
from sla.limits import ShareLimits, SlowLimits
from sla.objectives import Promise
from sla.quantities import Duration


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording rule; `name` follows level:metric:operations."""

    name: str
    expression: str
    labels: tuple[tuple[str, str], ...] = field(default=())


def attempts(window: Duration) -> Recording:
    """Real attempts that count: what the customer got wrong (refused) is in no ratio."""
    increase = promql.increase(c.ATTEMPTS, str(window), outcome=promql.Not(c.REFUSED), traffic="real")
    return Recording(f"job:booking_attempts:increase{window}", promql.sum_by(increase, "job"))


def failures(window: Duration) -> Recording:
    """Real attempts that we failed."""
    increase = promql.increase(c.ATTEMPTS, str(window), outcome=c.FAILED, traffic="real")
    return Recording(f"job:booking_failures:increase{window}", promql.sum_by(increase, "job"))


def failed_ratio(window: Duration) -> Recording:
    """The failed share of real attempts; no sample where there was no attempt."""
    return Recording(
        f"job:booking_failures_per_attempts:ratio_increase{window}",
        promql.ratio(failures(window).name, attempts(window).name),
    )


@dataclass(frozen=True, slots=True)
class Share:
    """Events in a window, the bad ones among them, and their share: three series, recorded in this order."""

    all: Recording
    bad: Recording
    ratio: Recording

    def __iter__(self) -> Iterator[Recording]:
        return iter((self.all, self.bad, self.ratio))


def failing(window: Duration) -> Share:
    """Real attempts that count, and those that we failed."""
    return Share(attempts(window), failures(window), failed_ratio(window))


def slow(metric: Metric, subject: str, over: float, window: Duration, **match: promql.Match) -> Share:
    """Observations of a histogram, and those above a bucket edge: counted, not estimated."""
    count = promql.sum_by(promql.increase(metric, str(window), suffix="_count", **match), "job")
    edge = promql.edge(metric, over)
    fast = promql.sum_by(promql.increase(metric, str(window), suffix="_bucket", le=edge, **match), "job")
    named = f"{subject}_over_{over:g}".replace(".", "p")
    every = Recording(f"job:{subject}:increase{window}", count)
    bad = Recording(f"job:{named}:increase{window}", f"{every.name} - {fast}")
    ratio = promql.ratio(bad.name, every.name)
    return Share(every, bad, Recording(f"job:{named}:ratio_increase{window}", ratio))


def slow_answers(over: float, window: Duration) -> Share:
    """Answers to real callers' requests."""
    return slow(c.API_DURATION, "booking_api_requests", over, window, traffic="real")


def slow_calcom_calls(limits: SlowLimits) -> Share:
    """Calls to Cal.com."""
    return slow(c.CALCOM_DURATION, "booking_calcom_requests", limits.over, limits.window)


def slow_turns(limits: SlowLimits) -> Share:
    """Turns of real calls, by how long the caller waited for the agent to speak."""
    return slow(c.AGENT_TURN_DURATION, "booking_agent_turns", limits.over, limits.window, traffic="real")


def slow_statements(limits: SlowLimits) -> Share:
    """SQL statements."""
    return slow(c.DB_QUERY_DURATION, "booking_db_queries", limits.over, limits.window)


def costly_bookings(limits: SlowLimits) -> Share:
    """Booking attempts by the number of their statements."""
    return slow(c.DB_QUERIES_PER_BOOKING, "booking_statement_counts", limits.over, limits.window)


def missing(limits: ShareLimits) -> Share:
    """Questions for remembered things that Redis answered, and those of them for which it held nothing."""

    def asked(*results: str) -> str:
        return promql.sum_by(promql.increase(c.CACHE_REQUESTS, str(limits.window), result=results), "job")

    every = Recording(f"job:booking_cache_requests:increase{limits.window}", asked(*c.CACHE_ANSWERS))
    bad = Recording(f"job:booking_cache_misses:increase{limits.window}", asked(c.CACHE_MISS))
    ratio = promql.ratio(bad.name, every.name)
    return Share(every, bad, Recording(f"job:booking_cache_misses_per_requests:ratio_increase{limits.window}", ratio))


def objective(slo: str, target: Decimal) -> Recording:
    """A target as a series, so that panels draw the line the rules use."""
    return Recording("slo:objective:ratio", f"vector({target})", (("slo", slo),))


def threshold(slo: str, seconds: float) -> Recording:
    """A latency limit as a series."""
    return Recording("slo:threshold:seconds", f"vector({seconds:g})", (("slo", slo),))


def fast(promise: Promise) -> tuple[Recording, ...]:
    """The series the paging rules read, in the order Prometheus must evaluate them."""
    rate, answers = promise.alerts.success_rate, promise.alerts.api_latency
    limit, goal = promise.objectives.api_latency.threshold_seconds, promise.objectives.api_latency.goal_seconds
    shares = (
        failing(rate.critical.window),
        failing(rate.warning.window),
        slow_answers(limit, answers.critical.window),
        slow_answers(limit, answers.critical.evidence_window),
        slow_answers(goal, answers.warning.window),
    )
    return tuple(dict.fromkeys(recording for share in shares for recording in share))


def steady(promise: Promise) -> tuple[Recording, ...]:
    """The series the other rules read, and the promise itself, as series."""
    alerts, objectives = promise.alerts, promise.objectives
    shares = (
        failing(alerts.low_volume_failures.window),
        slow_calcom_calls(alerts.calcom_latency),
        slow_turns(alerts.agent_turns),
        slow_statements(alerts.database_queries),
        costly_bookings(alerts.queries_per_booking),
        missing(alerts.cache_misses),
    )
    return (
        *dict.fromkeys(recording for share in shares for recording in share),
        threshold("journey_latency", objectives.journey_latency.threshold_seconds),
        threshold("api_latency", objectives.api_latency.threshold_seconds),
    )
