"""What a panel asks Prometheus, built from catalogue and recorded series.

Apart from the panels so that the matchers and windows every expression must carry are written once:
`$job` and `$instance` on all that is scraped, `$__rate_interval` under every rate, `$sparse` behind what grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sla import catalogue as c
from sla import promql
from sla.catalogue import Metric
from sla.promql import Match
from sla.quantities import Duration
from sla.recordings import Recording

RATE_INTERVAL = "$__rate_interval"
RANGE = "$__range"
# Beyond a day `:sparse`, the copies of sla.sparse, and the time between two of their samples; before, both are empty.
SPARSE = "$sparse"
STEP = "$step"

# The two variables every dashboard offers.
HERE: Mapping[str, Match] = {"job": "$job", "instance": "$instance"}
REAL = "real"

# What Prometheus itself writes, and so stands in no catalogue.
UP = 'up{job=~"$job",instance=~"$instance"}'
JOBS = "label_values(up, job)"
INSTANCES = 'label_values(up{job=~"$job"}, instance)'
CRITICAL_ALERTS = 'ALERTS{alertstate="firing",severity="critical"}'


@dataclass(frozen=True, slots=True)
class Excuse:
    """A rule of Grafana's dashboard-linter that does not apply to a query, and why."""

    rule: str
    reason: str


NO_INSTANCE = Excuse("target-instance-rule", "Recorded over all instances: a matcher for .+ would hide the series.")
ANY_JOB = Excuse("target-job-rule", "Counted over all jobs: an objective belongs to the service, not to a job.")
NO_JOB = Excuse("target-job-rule", "A promise, not a measurement: no job publishes it.")
OPEN_LABEL = Excuse(
    "target-counter-agg-rule",
    "Alert names are not known beforehand: the first page creates its series at 1, which increase() cannot see.",
)


@dataclass(frozen=True, slots=True)
class Query:
    """One expression with the name of what it draws."""

    expression: str
    legend: str
    instant: bool = False
    exemplar: bool = False
    # Drawn as a dashed line: the series says what was promised, not what was measured.
    promised: bool = False
    excuses: tuple[Excuse, ...] = ()

    @property
    def is_sparse(self) -> bool:
        """Whether copies are drawn in its place when much time is on show."""
        return SPARSE in self.expression


def level(metric: Metric, **match: Match) -> str:
    """Write the metric as it is now."""
    return promql.selector(metric, suffix="", window="", **HERE, **match)


def lowest(expression: str, *by: str) -> str:
    """Keep the worst of several: of all instances, or of each kind."""
    return f"min by ({', '.join(by)}) ({expression})" if by else f"min({expression})"


def highest(expression: str, *by: str) -> str:
    """Keep the greatest of several."""
    return f"max by ({', '.join(by)}) ({expression})" if by else f"max({expression})"


def per_second(metric: Metric, *by: str, **match: Match) -> str:
    """Write how fast a counter grows."""
    return promql.sum_by(promql.rate(metric, RATE_INTERVAL, suffix=SPARSE, **HERE, **match), *by)


def per_minute(metric: Metric, *by: str, **match: Match) -> str:
    """Write how fast a counter grows, in the unit people count bookings in."""
    return f"60 * {per_second(metric, *by, **match)}"


def in_range(metric: Metric, *by: str, suffix: str = "", **match: Match) -> str:
    """Write how much a counter grew over the time range on show."""
    return promql.sum_by(promql.increase(metric, RANGE, suffix=f"{suffix}{SPARSE}", **HERE, **match), *by)


def share_failed_in_range(*, traffic: str = REAL) -> str:
    """Write the failed share of attempts that count, as sla.recordings defines it, over the time range on show."""
    failed = in_range(c.ATTEMPTS, outcome=c.FAILED, traffic=traffic)
    return promql.ratio(failed, in_range(c.ATTEMPTS, outcome=promql.Not(c.REFUSED), traffic=traffic))


def within_in_range(metric: Metric, seconds: float, **match: Match) -> str:
    """Write the share that took at most `seconds` over the time range on show, counted at a bucket edge."""
    fast = in_range(metric, suffix="_bucket", le=promql.edge(metric, seconds), **match)
    return promql.ratio(fast, in_range(metric, suffix="_count", **match))


def within(metric: Metric, seconds: float, **match: Match) -> str:
    """Write the share that took at most `seconds`, as it changes over time."""
    return promql.within_threshold(metric, seconds, RATE_INTERVAL, ending=SPARSE, **HERE, **match)


def quantile_in_range(share: float, metric: Metric) -> str:
    """Estimate a quantile over the time range on show; for what happens too seldom for a rate."""
    return f"histogram_quantile({share:g}, {in_range(metric, 'le', suffix='_bucket')})"


def quantile(share: float, metric: Metric, *by: str, **match: Match) -> str:
    """Estimate a quantile as it changes over time."""
    return promql.quantile(share, metric, RATE_INTERVAL, *by, ending=SPARSE, **HERE, **match)


def mean(metric: Metric, **match: Match) -> str:
    """Write the average of what a histogram saw."""
    total, count = (
        promql.sum_by(promql.rate(metric, RATE_INTERVAL, suffix=f"{part}{SPARSE}", **HERE, **match))
        for part in ("_sum", "_count")
    )
    return promql.ratio(total, count)


def buckets(metric: Metric) -> str:
    """Write how many observations fell into each bucket, for a heatmap."""
    return promql.sum_by(promql.increase(metric, RATE_INTERVAL, suffix=f"_bucket{SPARSE}", **HERE), "le")


def seconds_since(metric: Metric, *by: str) -> str:
    """Write the age of a timestamp, the oldest where there are several."""
    return highest(f"time() - {level(metric)}", *by)


def given(name: str, *, ending: str = "", window: str = "") -> str:
    """Write a series that Prometheus or Alertmanager publishes about itself."""
    return promql.given(name, ending=ending, window=window, job="$job", instance="$instance")


def given_per_minute(name: str, *by: str) -> str:
    """Write how fast one of those grows, a minute."""
    return f"60 * {promql.sum_by(f'rate({given(name, ending=SPARSE, window=RATE_INTERVAL)})', *by)}"


def given_in_range(name: str) -> str:
    """Write how much one of those grew over the time range on show."""
    return promql.sum_by(f"increase({given(name, ending=SPARSE, window=RANGE)})")


def now(query: Query) -> Query:
    """Ask for the latest reading only."""
    return replace(query, instant=True)


def promised(recording: Recording, legend: str) -> Query:
    """Draw what sla.yaml promises, from the series the rules read."""
    return Query(series(recording), legend, promised=True, excuses=(NO_JOB, NO_INSTANCE))


def judged(recording: Recording, legend: str, *, form: str = "{}") -> Query:
    """Draw a recorded measurement, the same one the alert judges; `form` wraps it, such as `1 - {}`."""
    excuses = (NO_INSTANCE,) if recording.name.startswith("job:") else (NO_INSTANCE, ANY_JOB)
    return Query(form.format(series(recording)), legend, excuses=excuses)


def series(recording: Recording) -> str:
    """Write the selector of a recorded series; one recorded per job follows `$job`."""
    matchers: Mapping[str, str] = dict(recording.labels)
    texts = [f'{name}="{value}"' for name, value in matchers.items()]
    if recording.name.startswith("job:"):
        texts.append('job=~"$job"')
    return f"{recording.name}{{{','.join(texts)}}}"


def beyond(duration: Duration, value: str) -> str:
    """Write a variable's question that has this value while more time is on show, and no answer while there is not."""
    return f'query_result(label_replace(vector($__range_s) > {duration.seconds:g}, "value", "{value}", "", ""))'


def appeared(metric: Metric) -> str:
    """Write the series that were not there a minute ago: a constant 1 never changes, a new version is a new series."""
    kept = ", ".join(metric.label_names)
    now = promql.selector(metric)
    return f"count by ({kept}) ({now}) unless count by ({kept}) ({now} offset 1m)"
