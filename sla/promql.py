"""PromQL built from catalogue objects: no expression can name an unknown metric, label, value or bucket edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sla.catalogue import Kind, Metric
from sla.quantities import Duration
from sla.topology import JOBS

# Labels that Prometheus adds to every scraped series.
TARGET_LABELS = ("job", "instance")


class PromqlError(ValueError):
    """The expression would select nothing or be wrong."""


@dataclass(frozen=True, slots=True)
class Not:
    """Match every value of the label but this one."""

    value: str


Match = str | Not | Sequence[str]


def selector(metric: Metric, *, suffix: str = "", window: str = "", **match: Match) -> str:
    """Write `name{label="value"}[window]`; several values become an alternation, `$variables` stay as they are.

    Raises PromqlError for a label the metric does not have or a value it can never take.
    """
    matchers = ",".join(_matcher(metric, name, value) for name, value in match.items())
    braces = f"{{{matchers}}}" if matchers else ""
    range_ = f"[{window}]" if window else ""
    return f"{metric.name}{suffix}{braces}{range_}"


def _matcher(metric: Metric, name: str, match: Match) -> str:
    if isinstance(match, Not):
        return f'{name}!="{_known(metric, name, match.value)}"'
    if isinstance(match, str):
        operator = "=~" if match.startswith("$") else "="
        return f'{name}{operator}"{_known(metric, name, match)}"'
    return f'{name}=~"{"|".join(_known(metric, name, value) for value in match)}"'


def _known(metric: Metric, name: str, value: str) -> str:
    if name in (*TARGET_LABELS, "le") or value.startswith("$"):
        return value
    if name not in metric.label_names:
        raise PromqlError(f"{metric.name} has no label {name!r}; it has {', '.join(metric.label_names) or 'none'}")
    values = metric.label(name).values
    if values and value not in values:
        raise PromqlError(f"{metric.name}: label {name!r} is never {value!r}; it is one of {', '.join(values)}")
    return value


def rate(metric: Metric, window: str, *, suffix: str = "", **match: Match) -> str:
    """Write the per-second rate of a counter, or of a histogram's `_count`, `_sum` or `_bucket`."""
    return _over("rate", metric, window, suffix, match)


def rate_before(metric: Metric, window: str, *, ago: str) -> str:
    """Write the per-second rate of a counter as it was some time ago."""
    return f"rate({selector(metric, window=window)} offset {ago})"


def increase(metric: Metric, window: str, *, suffix: str = "", **match: Match) -> str:
    """Write how much a counter grew; the result is extrapolated, so compare it with k - 0.5, not with k."""
    return _over("increase", metric, window, suffix, match)


def _over(function: str, metric: Metric, window: str, suffix: str, match: dict[str, Match]) -> str:
    if metric.kind is Kind.GAUGE:
        raise PromqlError(f"{metric.name} is a gauge; {function}() is for counters")
    if metric.kind is Kind.HISTOGRAM and not suffix.startswith("_"):
        raise PromqlError(f"{metric.name} is a histogram; name _count, _sum or _bucket")
    return f"{function}({selector(metric, suffix=suffix, window=window, **match)})"


def sum_by(expression: str, *labels: str) -> str:
    """Sum and keep only these labels."""
    return f"sum by ({', '.join(labels)}) ({expression})" if labels else f"sum({expression})"


def max_by(expression: str, *labels: str) -> str:
    """Keep the worst value for these labels; drops `instance`, so a restart elsewhere is not a new alert."""
    return f"max by ({', '.join(labels)}) ({expression})"


def up(job: str, *, instance: str = "") -> str:
    """Write the sample Prometheus makes of every scrape, 1 when it worked; raises PromqlError for an unknown job."""
    if job not in JOBS:
        raise PromqlError(f"no job is called {job!r}; sla/topology.py knows {', '.join(JOBS)}")
    only = f',instance="{instance}"' if instance else ""
    return f'up{{job="{job}"{only}}}'


# What Prometheus and Alertmanager say of themselves; no process of ours publishes these.
SCRAPE_SECONDS = "scrape_duration_seconds"
RULE_FAILURES = "prometheus_rule_evaluation_failures_total"
NOTIFICATION_FAILURES = "alertmanager_notifications_failed_total"
SCRAPED_SAMPLES = "scrape_samples_scraped"
RULE_GROUP_SECONDS = "prometheus_rule_group_last_duration_seconds"
NOTIFICATIONS = "alertmanager_notifications_total"
# With the labels that Prometheus does not add.
GIVEN: Mapping[str, tuple[str, ...]] = {
    SCRAPE_SECONDS: (),
    SCRAPED_SAMPLES: (),
    RULE_FAILURES: ("rule_group",),
    RULE_GROUP_SECONDS: ("rule_group",),
    NOTIFICATIONS: ("integration",),
    NOTIFICATION_FAILURES: ("integration",),
}


def given(name: str, *, ending: str = "", window: str = "", **match: str) -> str:
    """Write the selector of one of those; raises PromqlError for another name. `ending` as for `quantile`."""
    if name not in GIVEN:
        raise PromqlError(f"{name} is in no list; the catalogue has our own metrics, GIVEN those of others")
    matchers = ",".join(f'{label}{"=~" if value.startswith("$") else "="}"{value}"' for label, value in match.items())
    return f"{name}{ending}{{{matchers}}}" + (f"[{window}]" if window else "")


def all_of(*conditions: str) -> str:
    """Require every condition; one per line, because these are read in the middle of the night."""
    return "\nand\n".join(conditions)


def any_of(*conditions: str) -> str:
    """Require at least one condition; `and` binds tighter than `or`, so `all_of` may stand inside."""
    return "\nor\n".join(conditions)


def at_least(expression: str, count: int) -> str:
    """Compare a counted increase with k - 0.5: increase() extrapolates, and three failures can read 3.27."""
    return f"{expression} >= {count - 0.5:g}"


def summed_steps(series: str, window: Duration, *, step: Duration) -> str:
    """Write the sum, over a long window, of a recorded series that counts one step each."""
    return f"sum_over_time({series}[{window}:{step}])"


def summed(series: str, window: Duration, *, step: Duration) -> str:
    """As `summed_steps`, which has its first addend at the first full step: until then, the count so far."""
    return f"({summed_steps(series, window, step=step)} or {series})"


def ratio(numerator: str, denominator: str) -> str:
    """Divide, giving no sample where nothing happened: a gap is honest, NaN poisons sums for their whole window."""
    return f"{numerator} / ({denominator} > 0)"


def quantile(share: float, metric: Metric, window: str, *by: str, ending: str = "", **match: Match) -> str:
    """Estimate a quantile from buckets. For display only: alerts compare counts at an exact edge.

    `ending` stands behind the name: of a copy, or a variable.
    """
    if metric.kind is not Kind.HISTOGRAM:
        raise PromqlError(f"{metric.name} is not a histogram")
    buckets = rate(metric, window, suffix=f"_bucket{ending}", **match)
    return f"histogram_quantile({share:g}, {sum_by(buckets, 'le', *by)})"


def edge(metric: Metric, seconds: float) -> str:
    """Write a bucket edge as Prometheus 3 and the Python client do: `2.0`, never `2`.

    Raises PromqlError when the histogram has no such bucket: the selector would match nothing, silently.
    """
    if seconds not in metric.buckets:
        edges = ", ".join(f"{bound:g}" for bound in metric.buckets)
        raise PromqlError(f"{metric.name} has no bucket edge {seconds:g}; it has {edges}")
    return str(float(seconds))


def within_threshold(metric: Metric, seconds: float, window: str, *by: str, ending: str = "", **match: Match) -> str:
    """Write the share of requests that took at most `seconds`, exactly: counted at a bucket edge, not estimated.

    `ending` as for `quantile`.
    """
    fast = sum_by(rate(metric, window, suffix=f"_bucket{ending}", le=edge(metric, seconds), **match), *by)
    return ratio(fast, sum_by(rate(metric, window, suffix=f"_count{ending}", **match), *by))
