"""Reads a period out of Prometheus, from recorded series only, and works out its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sla import budgets, history, uptime
from sla.objectives import Promise
from sla.report import figures
from sla.report.exclusions import Exclusion
from sla.report.figures import Incident, Kept, Latency, Step, Uptime
from sla.report.period import Period, months_before
from sla.report.prometheus import Line, Prometheus

# How the figures are made; printed in every report, so that two of them can be compared.
METHOD = "1: counts of 5 minutes summed and divided once; uptime by minutes; percentiles from hourly buckets"

_STEP = timedelta(seconds=history.STEP.seconds)
_MINUTE = timedelta(minutes=1)
_TREND_MONTHS = 6

# (alertname, start, end) to the seconds until it reached on-call, None if nobody knows.
Delivery = Callable[[str, datetime, datetime], float | None]


@dataclass(frozen=True, slots=True)
class Trend:
    """What a month before kept of an objective; None where nothing is stored."""

    month: str
    success: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report says, in whatever form it is written."""

    service: str
    period: Period
    made_at: datetime
    coverage: float
    least_coverage: float
    objectives: tuple[Kept, ...]
    uptime: Uptime
    latencies: tuple[Latency, ...]
    reasons: tuple[tuple[str, float], ...]
    incidents: tuple[Incident, ...]
    exclusions: tuple[Exclusion, ...]
    trend: tuple[Trend, ...]
    days: tuple[tuple[str, float | None], ...]

    @property
    def is_sufficient(self) -> bool:
        """Whether enough of the period was seen to say anything about it."""
        return self.coverage >= self.least_coverage

    def keeps(self, promised: Kept | Uptime) -> bool | None:
        """Tell whether a promise was kept; None where too little was seen to say."""
        return promised.raw.keeps(promised.target) if self.is_sufficient else None


def measure(  # noqa: PLR0913 - what a report is made from
    source: Prometheus,
    promise: Promise,
    period: Period,
    *,
    made_at: datetime,
    exclusions: Sequence[Exclusion] = (),
    delivery: Delivery = lambda alertname, start, end: None,
) -> Report:
    """Return the report of a period. Raises PrometheusError."""
    applied = tuple(each for each in exclusions if each.covers(period.start, period.end))
    steps = _steps(source, promise, period)
    return Report(
        service=promise.service,
        period=period,
        made_at=made_at,
        coverage=figures.coverage(steps, period),
        least_coverage=float(promise.report.least_coverage),
        objectives=tuple(
            figures.kept(
                sli.slo, sli.objective.title, sli.objective.target, steps=steps, period=period, exclusions=applied
            )
            for sli in budgets.slis(promise)
        ),
        uptime=Uptime(
            promise.objectives.uptime.title,
            promise.objectives.uptime.target,
            figures.minutes_of(steps),
            figures.minutes_of(figures.without(steps, applied)),
        ),
        latencies=_latencies(source, promise, period),
        reasons=tuple(figures.reasons(steps)),
        incidents=tuple(_incidents(source, promise, period, delivery)),
        exclusions=applied,
        trend=tuple(_trend(source, promise, period)),
        days=_days(steps, period),
    )


def _steps(source: Prometheus, promise: Promise, period: Period) -> list[Step]:
    """Read every five minutes of the period; what was not recorded is a step in which nothing was seen."""
    slis = budgets.slis(promise)
    step = history.STEP
    events = {sli.slo: _one(source, period, _latest(budgets.of(budgets.events(sli, step)))) for sli in slis}
    bad = {sli.slo: _one(source, period, _latest(budgets.of(budgets.bad_events(sli, step)))) for sli in slis}
    reasons = _by_label(_lines(source, period, _latest(history.failures_by_reason().name)), "reason")
    # A second short of the step: Prometheus 2 would count a sample on the border twice, in both of its steps.
    within = f"[{step.seconds - 1:g}s]"
    seen, valid, good = (
        _one(source, period, f"{function}({name}{within})")
        for function, name in (
            ("count_over_time", uptime.VALID),
            ("sum_over_time", uptime.VALID),
            ("sum_over_time", uptime.GOOD),
        )
    )
    minutes = promise.timers.budget_evaluation_interval.seconds / 60
    return [
        Step(
            start=start,
            end=end,
            events={slo: values[end] for slo, values in events.items() if end in values},
            bad={slo: values[end] for slo, values in bad.items() if end in values},
            reasons={reason: values[end] for reason, values in reasons.items() if end in values},
            seen=minutes * seen.get(end, 0.0),
            valid=minutes * valid.get(end, 0.0),
            good=minutes * good.get(end, 0.0),
        )
        for start, end in pairwise(_moments(period))
    ]


def _moments(period: Period) -> Sequence[datetime]:
    number = int((period.end - period.start) / _STEP)
    return [period.start + index * _STEP for index in range(number + 1)]


def _latest(series: str) -> str:
    """Ask for a sample no older than the recording's own interval: after a gap the last one must not count again."""
    return f"last_over_time({series}[90s])"


def _lines(source: Prometheus, period: Period, query: str) -> Sequence[Line]:
    return source.range(query, period.start, period.end, _STEP)


def _one(source: Prometheus, period: Period, query: str) -> Mapping[datetime, float]:
    return next((line.values for line in _lines(source, period, query)), {})


def _by_label(lines: Sequence[Line], label: str) -> Mapping[str, Mapping[datetime, float]]:
    return {line.labels.get(label, ""): line.values for line in lines}


def _latencies(source: Prometheus, promise: Promise, period: Period) -> tuple[Latency, ...]:
    journey, answer = promise.objectives.journey_latency, promise.objectives.api_latency
    return tuple(
        figures.latency(
            f"{objective.title}{whose}",
            _buckets(source, period, recording.name),
            (objective.goal_seconds, objective.threshold_seconds),
        )
        for objective, recording, whose in (
            (journey, history.calls(), ", of callers"),
            (journey, history.journeys(), ", measured by the probe"),
            (answer, history.answers(), ""),
        )
    )


def _buckets(source: Prometheus, period: Period, series: str) -> Mapping[float, float]:
    hour = timedelta(seconds=history.HOUR.seconds)
    counts: dict[float, float] = {}
    for line in source.range(_latest(series), period.start, period.end, hour):
        edge = float(line.labels["le"])
        counts[edge] = counts.get(edge, 0.0) + sum(line.values.values())
    return counts


def _incidents(source: Prometheus, promise: Promise, period: Period, delivery: Delivery) -> Sequence[Incident]:
    pages = 'max by (alertname) (ALERTS{alertstate="firing",severity="critical"})'
    lines = source.range(pages, period.start, period.end, _MINUTE)
    firing = {line.labels["alertname"]: line.values.keys() for line in lines}
    return figures.incidents(
        firing, _MINUTE, delivery=delivery, runbook=lambda name: f"{promise.runbook_base_url}/{name}.md"
    )


def _trend(source: Prometheus, promise: Promise, period: Period) -> Sequence[Trend]:
    sli = budgets.slis(promise)[0]
    found = []
    for month in months_before(period, _TREND_MONTHS):
        good = figures.Share(
            *(
                sum(_one(source, month, _latest(budgets.of(make(sli, history.STEP)))).values())
                for make in (budgets.events, budgets.bad_events)
            )
        )
        found.append(Trend(month.name, good.value))
    return found


def _days(steps: Sequence[Step], period: Period) -> tuple[tuple[str, float | None], ...]:
    """Return the success rate of each local day."""
    by_day: dict[str, list[Step]] = {}
    for step in steps:
        by_day.setdefault(f"{step.start.astimezone(period.zone):%Y-%m-%d}", []).append(step)
    return tuple((day, figures.events_of(each, "booking_success").value) for day, each in by_day.items())
