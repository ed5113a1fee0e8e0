"""What no single key of sla.yaml shows: values that contradict each other or cannot be measured.

Apart from the objects, which know only the range of each value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sla import catalogue
from sla.catalogue import Metric

if TYPE_CHECKING:
    from sla.limits import ShareLimits
    from sla.objectives import LatencyObjective, Promise

# Which histogram carries which latency threshold.
_EDGES: Mapping[str, Metric] = {
    "journey_latency": catalogue.PROBE_DURATION,
    "api_latency": catalogue.API_DURATION,
}
_ALERT_EDGES: Mapping[str, Metric] = {
    "calcom_latency": catalogue.CALCOM_DURATION,
    "agent_turns": catalogue.AGENT_TURN_DURATION,
    "database_queries": catalogue.DB_QUERY_DURATION,
    "queries_per_booking": catalogue.DB_QUERIES_PER_BOOKING,
}


def contradictions(promise: Promise) -> Iterator[str]:
    """Yield a sentence for each, naming the key and the remedy."""
    yield from _unmeasurable(promise)
    yield from _too_hasty(promise)
    yield from _too_sparse(promise)
    yield from _out_of_order(promise)


def _unmeasurable(promise: Promise) -> Iterator[str]:
    for name, metric in _EDGES.items():
        objective: LatencyObjective = getattr(promise.objectives, name)
        for key in ("threshold_seconds", "goal_seconds"):
            yield from _no_edge(f"objectives.{name}.{key}", getattr(objective, key), metric)
    for name, metric in _ALERT_EDGES.items():
        yield from _no_edge(f"alerts.{name}.over", getattr(promise.alerts, name).over, metric)


def _no_edge(key: str, value: float, metric: Metric) -> Iterator[str]:
    if value not in metric.buckets:
        edges = ", ".join(f"{edge:g}" for edge in metric.buckets)
        yield (
            f"{key}: {value:g} is not a bucket edge of {metric.name}; "
            f"choose one of {edges}, or add the edge in sla/catalogue"
        )


def _too_hasty(promise: Promise) -> Iterator[str]:
    timers = promise.timers
    if timers.scrape_timeout > timers.scrape_interval:
        yield (
            f"timers.scrape_timeout: {timers.scrape_timeout} is longer than scrape_interval "
            f"{timers.scrape_interval}; Prometheus refuses that, choose a shorter timeout"
        )
    for severity in ("critical", "warning"):
        alert: ShareLimits = getattr(promise.alerts.success_rate, severity)
        if alert.window.seconds < 4 * timers.scrape_interval.seconds:
            yield (
                f"alerts.success_rate.{severity}.window: {alert.window} holds fewer than four scrapes of "
                f"{timers.scrape_interval}; choose at least {4 * timers.scrape_interval.seconds:g}s"
            )


def _too_sparse(promise: Promise) -> Iterator[str]:
    interval, beyond = promise.timers.sparse_interval, promise.timers.sparse_beyond
    if beyond.seconds < 4 * interval.seconds:
        yield (
            f"timers.sparse_beyond: {beyond} holds fewer than four copies, one in {interval}, and Grafana draws rates "
            f"over four; choose at least {4 * interval.seconds:g}s"
        )


def _out_of_order(promise: Promise) -> Iterator[str]:
    critical, warning = promise.alerts.success_rate.critical, promise.alerts.success_rate.warning
    if warning.ratio >= critical.ratio:
        yield (
            f"alerts.success_rate.warning.ratio: {warning.ratio} is not below the critical "
            f"{critical.ratio}, so the warning could never come first; choose a smaller one"
        )
    for name in _EDGES:
        objective: LatencyObjective = getattr(promise.objectives, name)
        if objective.goal_seconds > objective.threshold_seconds:
            yield (
                f"objectives.{name}.goal_seconds: {objective.goal_seconds:g} is easier than the promise of "
                f"{objective.threshold_seconds:g}; choose at most that"
            )
    left = promise.alerts.error_budget_left
    if left.scarce_below >= left.noted_below:
        yield (
            f"alerts.error_budget_left.scarce_below: {left.scarce_below} is not below noted_below {left.noted_below}; "
            "choose a smaller one"
        )
    route, silence = promise.timers.routes.deadman, promise.timers.deadman_silence
    # Alertmanager repeats at a multiple of group_interval; one lost repetition must not page.
    loudest = 2 * (route.repeat_interval.seconds + route.group_interval.seconds)
    if silence.seconds < loudest:
        yield (
            f"timers.deadman_silence: {silence} would page after one lost repetition of the Watchdog; "
            f"choose at least {loudest:g}s, or shorten timers.routes.deadman"
        )
