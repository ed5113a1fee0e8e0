"""Every recorded series: its name and the expression behind it.

Here and not in alerts/, because panels draw the same series that alerts judge, and neither package imports the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from sla import catalogue as c
from sla import promql
from sla.objectives import Duration, Promise


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


def objective(slo: str, target: Decimal) -> Recording:
    """A target as a series, so that panels draw the line the rules use."""
    return Recording("slo:objective:ratio", f"vector({target})", (("slo", slo),))


def threshold(slo: str, seconds: float) -> Recording:
    """A latency limit as a series."""
    return Recording("slo:threshold:seconds", f"vector({seconds:g})", (("slo", slo),))


def fast(promise: Promise) -> tuple[Recording, ...]:
    """The series the paging rules read, in the order Prometheus must evaluate them."""
    alerts = promise.alerts.success_rate
    windows = dict.fromkeys((alerts.critical.window, alerts.warning.window))
    return tuple(make(window) for window in windows for make in (attempts, failures, failed_ratio))


def slow(promise: Promise) -> tuple[Recording, ...]:
    """The promise itself, as series."""
    objectives = promise.objectives
    return (
        objective("booking_success", objectives.booking_success.target),
        objective("journey_latency", objectives.journey_latency.target),
        objective("api_latency", objectives.api_latency.target),
        threshold("journey_latency", objectives.journey_latency.threshold_seconds),
        threshold("api_latency", objectives.api_latency.threshold_seconds),
    )
