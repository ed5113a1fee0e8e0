"""The error budget of every objective, as recorded series: how much burns, how fast, and what is left.

Events are counted and divided once: an average of ratios would weigh a quiet night like a busy Saturday.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sla import catalogue as c
from sla import promql
from sla.catalogue import Metric
from sla.limits import BurnTier
from sla.objectives import LatencyObjective, Promise, SuccessObjective
from sla.quantities import Duration
from sla.recordings import Recording, objective

# Up to an hour a window is counted from the raw samples. Longer ones are sums of counts that are recorded anyway, each
# no longer than its step: Prometheus would read millions of samples for 30 days, and reads 720.
RAW_UP_TO = Duration.parse("1h")
_STEPS = (Duration.parse("5m"), RAW_UP_TO)


@dataclass(frozen=True, slots=True)
class Sli:
    """What an objective counts: `events` and `bad` write their increase over a window."""

    slo: str
    objective: SuccessObjective
    called: str
    events: Callable[[str], str]
    bad: Callable[[str], str]


def slis(promise: Promise) -> tuple[Sli, ...]:
    """Return the objectives that real traffic can burn."""
    objectives = promise.objectives

    def attempts(window: str) -> str:
        return promql.sum_by(promql.increase(c.ATTEMPTS, window, outcome=promql.Not(c.REFUSED), traffic="real"))

    def failures(window: str) -> str:
        return promql.sum_by(promql.increase(c.ATTEMPTS, window, outcome=c.FAILED, traffic="real"))

    return (
        Sli("booking_success", objectives.booking_success, "failed bookings", attempts, failures),
        _in_time("journey_latency", objectives.journey_latency, "slow journeys", c.JOURNEY_DURATION),
        _in_time("api_latency", objectives.api_latency, "slow answers", c.API_DURATION),
    )


def _in_time(slo: str, objective: LatencyObjective, called: str, metric: Metric) -> Sli:
    """Return an objective on how long something takes for real callers, counted at a bucket edge."""
    limit = promql.edge(metric, objective.threshold_seconds)

    def every(window: str) -> str:
        return promql.sum_by(promql.increase(metric, window, suffix="_count", traffic="real"))

    def slow(window: str) -> str:
        fast = promql.increase(metric, window, suffix="_bucket", le=limit, traffic="real")
        return f"{every(window)} - {promql.sum_by(fast)}"

    return Sli(slo, objective, called, every, slow)


def events(sli: Sli, window: Duration) -> Recording:
    """Every event that counts, in a window."""
    return _counted(sli, "slo:sli_events", sli.events, window)


def bad_events(sli: Sli, window: Duration) -> Recording:
    """The bad events in a window."""
    return _counted(sli, "slo:sli_bad_events", sli.bad, window)


def error_ratio(sli: Sli, window: Duration) -> Recording:
    """The bad share of the events in a window; no sample where there was none."""
    name = f"slo:sli_error:ratio_rate{window}"
    return Recording(name, promql.ratio(of(bad_events(sli, window)), of(events(sli, window))), _labels(sli))


def budget_left(sli: Sli) -> Recording:
    """The share of the window's error budget that is left; negative once it is overspent."""
    spent = f"{of(error_ratio(sli, sli.objective.window))} / {sli.objective.budget}"
    return Recording("slo:error_budget_remaining:ratio", f"1 - {spent}", _labels(sli))


def of(recording: Recording) -> str:
    """Write the selector of a recorded series."""
    labels = ",".join(f'{name}="{value}"' for name, value in recording.labels)
    return f"{recording.name}{{{labels}}}" if labels else recording.name


def tiers(promise: Promise) -> Sequence[BurnTier]:
    """Return every tier of the burn alerts."""
    burn = promise.alerts.error_budget_burn
    return (*burn.critical, *burn.warning)


def recordings(promise: Promise) -> tuple[Recording, ...]:
    """Return the series that the burn alerts read, in the order Prometheus must evaluate them."""
    windows = sorted({*_STEPS, *(window for tier in tiers(promise) for window in (tier.short, tier.long))})
    return tuple(each for sli in slis(promise) for window in windows for each in _in(sli, window))


def month(promise: Promise) -> tuple[Recording, ...]:
    """Return every target, and what happened to its budget in its whole window."""
    return tuple(
        each
        for sli in slis(promise)
        for each in (
            objective(sli.slo, sli.objective.target),
            *_in(sli, sli.objective.window),
            budget_left(sli),
        )
    )


def _in(sli: Sli, window: Duration) -> tuple[Recording, Recording, Recording]:
    return events(sli, window), bad_events(sli, window), error_ratio(sli, window)


def step(window: Duration) -> Duration | None:
    """Return how long the counts are that a window is summed from; None for one that is counted at once."""
    if window <= RAW_UP_TO:
        return None
    return next(each for each in reversed(_STEPS) if 24 * each.seconds <= window.seconds)


def _counted(sli: Sli, name: str, count: Callable[[str], str], window: Duration) -> Recording:
    each = step(window)
    if each is None:
        return Recording(f"{name}:increase{window}", count(str(window)), _labels(sli))
    counts = of(_counted(sli, name, count, each))
    # The burn alerts wait for the first full step; the whole window's budget is for people, who look at once.
    sum_ = promql.summed if window == sli.objective.window else promql.summed_steps
    return Recording(f"{name}:increase{window}", sum_(counts, window, step=each), _labels(sli))


def _labels(sli: Sli) -> tuple[tuple[str, str], ...]:
    return (("slo", sli.slo),)
