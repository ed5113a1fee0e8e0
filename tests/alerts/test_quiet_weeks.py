"""Weeks without any trouble, at four rates of bookings, judged by the rules as they are generated: nobody is paged.

A real Prometheus holds each week as it would have been scraped: every 5 s what the paging rules read, every 30 s what
only warnings read. Each alert's expression is evaluated as often as its group is, 120 960 times for those that page.
What an alert reads from a recording is put into its expression, as a group evaluates its recordings first and at the
same moment. (`promtool tsdb create-blocks-from rules` would write them, in a block for every rule and two hours: it was
seen to take 15 s for six rules of one week.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from alerts import recording
from alerts.alert import Alert, Group, Severity
from sla import objectives, series
from sla.objectives import Promise
from tests.alerts import quiet_weeks
from tests.alerts.quiet_weeks import Week
from tests.prometheus import remembering

pytestmark = pytest.mark.integration

WEEKS = quiet_weeks.weeks(1, 3, 10, 60)
# What Prometheus answers at once.
MOST_POINTS = 11_000
_RECORDED = re.compile(r"\b(?:job|slo):\w+:\w+(?:\{([^}]*)\})?")

Judge = Callable[[Alert, Group, Promise, Week], int]


def inlined(expression: str, promise: Promise) -> str:
    """Put what is recorded into an expression, until nothing recorded is left in it."""
    recorded = {(entry.name, _labels(dict(entry.labels))): entry.expression for entry in series.recorded(promise)}

    def one(match: re.Match[str]) -> str:
        return f"({recorded[match[0].partition('{')[0], match[1] or '']})"

    while _RECORDED.search(expression):
        expression = _RECORDED.sub(one, expression)
    return expression


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels.items())


def fired(moments: list[int], *, interval: int, hold: int, keep: int) -> int:
    """Count how often an alert begins to fire whose expression is true at these moments."""
    begun, count, since, last = False, 0, None, None
    for moment in moments:
        if last is not None and moment - last > interval:
            since = None
            begun = begun and moment - last <= keep + interval
        since = moment if since is None else since
        last = moment
        if not begun and moment - since >= hold:
            begun, count = True, count + 1
    return count


@pytest.fixture(scope="module")
def judge(tmp_path_factory) -> Iterator[Judge]:
    """Yield a function that tells how often an alert fired in a week."""
    promise = objectives.load()
    lines = quiet_weeks.open_metrics(WEEKS, promise)
    with remembering(tmp_path_factory.mktemp("weeks"), lines) as prometheus:

        def times_fired(alert: Alert, group: Group, promise: Promise, week: Week) -> int:
            step = int(group.interval.seconds)
            expression = inlined(alert.expression, promise)
            true: dict[str, list[int]] = {}
            for begin in range(week.begins, week.ends, MOST_POINTS * step):
                end = min(begin + (MOST_POINTS - 1) * step, week.ends - step)
                asked = {"query": expression, "start": begin, "end": end, "step": step}
                answer = prometheus.post("/api/v1/query_range", data=asked).json()
                assert answer["status"] == "success", (alert.name, answer)
                for found in answer["data"]["result"]:
                    moments = true.setdefault(str(found["metric"]), [])
                    moments += [int(moment) for moment, _ in found["values"]]
            hold, keep = (int(timer.seconds) if timer else 0 for timer in (alert.hold, alert.keep_firing))
            return sum(fired(moments, interval=step, hold=hold, keep=keep) for moments in true.values())

        yield times_fired


def told(promise: Promise) -> list[tuple[Alert, Group]]:
    """Return every alert that reaches a person, with its group."""
    people = (Severity.CRITICAL, Severity.WARNING)
    return [(alert, group) for group in recording.groups(promise) for alert in group.alerts if alert.severity in people]


@pytest.mark.parametrize("week", WEEKS, ids=lambda week: f"{week.bookings_per_minute} bookings a minute")
def test_nobody_is_paged_in_a_quiet_week(week, judge, promise):
    alerts = told(promise)

    with ThreadPoolExecutor(2) as pool:
        times = list(pool.map(lambda entry: judge(*entry, promise, week), alerts))

    pages, warnings = (
        {
            (alert.name, *alert.marks.values()): n
            for (alert, _), n in zip(alerts, times, strict=True)
            if n and alert.severity is severity
        }
        for severity in (Severity.CRITICAL, Severity.WARNING)
    )
    assert pages == {}
    # A warning judges few events over long; chance may tell one a week.
    assert sum(warnings.values()) <= 1, warnings


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param(
            "BookingSuccessRateLow",
            ("critical: {ratio: 0.10, window: 1m, count: 4", "critical: {ratio: 0.10, window: 1m, count: 1"),
            id="one failure pages",
        ),
        pytest.param("BookingProbeFailing", ("consecutive_failures: 3", "consecutive_failures: 1"), id="one run pages"),
        pytest.param(
            "BookingApiLatencyHigh",
            (
                "{ratio: 0.05, window: 5m, short_window: 1m, count: 5,",
                "{ratio: 0.05, window: 5m, short_window: 1m, count: 1,",
            ),
            id="one slow answer pages",
        ),
    ],
)
def test_a_rule_that_is_too_nervous_pages_in_a_quiet_week(name, change, judge, edited):
    nervous = edited(nervous=change)
    alert, group = next(e for e in told(nervous) if e[0].name == name and e[0].severity is Severity.CRITICAL)

    assert judge(alert, group, nervous, WEEKS[0]) > 0


def test_every_recording_an_alert_reads_is_put_into_its_expression(promise):
    for alert, _ in told(promise):
        assert not re.search(r"\b(?:job|slo):", inlined(alert.expression, promise))


@pytest.mark.parametrize(
    ("moments", "times"),
    [
        pytest.param([0, 5], 0, id="not held for long enough"),
        pytest.param([0, 5, 10], 1, id="held"),
        pytest.param([0, 5, 15, 20, 25], 1, id="interrupted, then held"),
        pytest.param([0, 5, 10, 25], 1, id="kept over a gap"),
        pytest.param([0, 5, 10, 40, 45, 50], 2, id="twice"),
    ],
)
def test_an_alert_fires_when_its_expression_was_true_for_as_long_as_it_is_held(moments, times):
    assert fired(moments, interval=5, hold=10, keep=15) == times
