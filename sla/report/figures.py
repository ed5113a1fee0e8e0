"""The arithmetic of the report: pure functions over counted steps.

Events are summed and divided once; minutes are summed and divided once; the two are never mixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import inf, sqrt

from sla.quantile import quantile
from sla.report.exclusions import Exclusion
from sla.report.period import Period


@dataclass(frozen=True, slots=True)
class Step:
    """Five minutes as they were recorded: events and bad events by objective, failures by reason, and minutes.

    `seen` minutes are those in which the monitoring looked, `valid` those in which anybody tried anything.
    """

    start: datetime
    end: datetime
    events: Mapping[str, float]
    bad: Mapping[str, float]
    reasons: Mapping[str, float]
    seen: float
    valid: float
    good: float


@dataclass(frozen=True, slots=True)
class Share:
    """So many bad of so many; `value` is the good share, None where there was nothing to count."""

    all: float
    bad: float

    @property
    def value(self) -> float | None:
        return 1 - self.bad / self.all if self.all > 0 else None

    def keeps(self, target: Decimal) -> bool | None:
        """Tell whether the target was kept; None where nothing is known."""
        return None if self.value is None else self.value >= float(target)

    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % confidence interval of the good share (Wilson 1927), which holds for few events as well."""
        if self.all <= 0:
            return None
        z, share = 1.959964, 1 - self.bad / self.all
        middle = share + z * z / (2 * self.all)
        spread = z * sqrt(max(share * (1 - share), 0) / self.all + z * z / (4 * self.all * self.all))
        scale = 1 + z * z / self.all
        return (middle - spread) / scale, (middle + spread) / scale


@dataclass(frozen=True, slots=True)
class Week:
    """What one week took of the period's budget: 1 is all of it."""

    name: str
    share: Share
    budget_used: float | None


@dataclass(frozen=True, slots=True)
class Kept:
    """One objective over the period: as it was, without the agreed maintenance, and week by week."""

    slo: str
    title: str
    target: Decimal
    raw: Share
    adjusted: Share
    budget_events: float
    budget_used: float | None
    weeks: tuple[Week, ...]


@dataclass(frozen=True, slots=True)
class Uptime:
    """Good minutes of those that count, as they were and without the agreed maintenance."""

    title: str
    target: Decimal
    raw: Share
    adjusted: Share


def without(steps: Iterable[Step], exclusions: Sequence[Exclusion]) -> list[Step]:
    """Return the steps that no exclusion touches."""
    return [step for step in steps if not any(each.covers(step.start, step.end) for each in exclusions)]


def events_of(steps: Iterable[Step], slo: str) -> Share:
    """Count an objective's events."""
    counted = list(steps)
    return Share(sum(step.events.get(slo, 0.0) for step in counted), sum(step.bad.get(slo, 0.0) for step in counted))


def minutes_of(steps: Iterable[Step]) -> Share:
    """Count the minutes that are valid, and the bad ones among them."""
    counted = list(steps)
    valid = sum(step.valid for step in counted)
    return Share(valid, valid - sum(step.good for step in counted))


def kept(  # noqa: PLR0913 - the facts of one objective
    slo: str, title: str, target: Decimal, *, steps: Sequence[Step], period: Period, exclusions: Sequence[Exclusion]
) -> Kept:
    """Return what became of one objective."""
    raw = events_of(steps, slo)
    budget = raw.all * float(1 - target)

    def used(bad: float) -> float | None:
        return bad / budget if budget > 0 else None

    weeks = tuple(
        Week(week.name, share, used(share.bad))
        for week in period.weeks()
        for share in (events_of(_within(steps, week), slo),)
    )
    return Kept(slo, title, target, raw, events_of(without(steps, exclusions), slo), budget, used(raw.bad), weeks)


def _within(steps: Iterable[Step], period: Period) -> list[Step]:
    return [step for step in steps if period.start <= step.start < period.end]


def coverage(steps: Iterable[Step], period: Period) -> float:
    """Return the share of the period's minutes in which the monitoring looked."""
    return min(1.0, sum(step.seen for step in steps) / (period.seconds / 60))


def reasons(steps: Iterable[Step]) -> list[tuple[str, float]]:
    """Return the failures by reason, the most frequent first."""
    counts: dict[str, float] = {}
    for step in steps:
        for reason, count in step.reasons.items():
            counts[reason] = counts.get(reason, 0.0) + count
    return sorted(((reason, count) for reason, count in counts.items() if count >= 0.5), key=lambda pair: -pair[1])


@dataclass(frozen=True, slots=True)
class Latency:
    """How long something took: quantiles estimated within buckets, and shares counted exactly at bucket edges.

    Without a count nothing was recorded of it; buckets are recorded once an hour.
    """

    title: str
    count: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    within: Mapping[float, float]


def latency(title: str, buckets: Mapping[float, float], edges: Sequence[float]) -> Latency:
    """Return the figures of cumulated buckets (upper edge in seconds, +Inf included, to count)."""
    total = buckets.get(inf)
    shares = {edge: buckets[edge] / total for edge in edges if edge in buckets} if total else {}
    p50, p95, p99 = (quantile(share, buckets) for share in (0.5, 0.95, 0.99))
    return Latency(title, total, p50, p95, p99, shares)


@dataclass(frozen=True, slots=True)
class Incident:
    """A page: from when to when it fired, and how long it took to reach on-call, where that is known."""

    alertname: str
    start: datetime
    end: datetime
    seconds_to_page: float | None
    runbook: str


def incidents(
    firing: Mapping[str, Iterable[datetime]],
    step: timedelta,
    *,
    delivery: Callable[[str, datetime, datetime], float | None],
    runbook: Callable[[str], str],
) -> list[Incident]:
    """Join the moments at which each alert was seen firing into incidents, parted by pauses of more than two steps."""
    found = []
    for alertname, moments in firing.items():
        for start, end in _joined(sorted(moments), step):
            found.append(Incident(alertname, start, end, delivery(alertname, start, end), runbook(alertname)))
    return sorted(found, key=lambda incident: incident.start)


def _joined(moments: Sequence[datetime], step: timedelta) -> Iterable[tuple[datetime, datetime]]:
    begun = previous = None
    for moment in moments:
        if begun is None or previous is None or moment - previous > 2 * step:
            if begun is not None and previous is not None:
                yield begun, previous
            begun = moment
        previous = moment
    if begun is not None and previous is not None:
        yield begun, previous
