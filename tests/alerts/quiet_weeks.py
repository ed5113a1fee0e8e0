"""Weeks in which nothing is wrong, as OpenMetrics text: callers come by chance, and so do a few failures among them.

Apart from the test that judges them. The weeks follow one another in one history, far enough apart that no window of
an alert reaches from one into the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from alerts.cases import Series, foreign, sample, scrapes
from sla import catalogue as c
from sla import promql
from sla.catalogue import Metric
from sla.objectives import Promise
from sla.topology import BOOKING_JOB, JOBS

FIRST_MONDAY = 1_793_577_600
WEEK_SECONDS = 7 * 24 * 3600
_APART = 2 * WEEK_SECONDS
FAILURE_RATIO = 0.005
# Of everything else that is counted: a hundredth is slow, two hundredths nearly so, a tenth is not remembered.
SLOW_RATIO, MISS_RATIO = 0.01, 0.1
# A tenth of what fails was to be settled by a job that failed as well.
SYNC_FAILURE_RATIO = FAILURE_RATIO / 10
REQUESTS_PER_BOOKING, LOOKUPS_PER_BOOKING = 4, 4
PER_BOOKING = {c.CALCOM_DURATION: 2, c.DB_QUERY_DURATION: 9, c.DB_QUERIES_PER_BOOKING: 1, c.AGENT_TURN_DURATION: 6}
# A sample for every evaluation of the warnings; what does not change needs still fewer, but one in five minutes.
_WARNING_STEP, _STEADY_STEP = 30, 60


@dataclass(frozen=True, slots=True)
class Week:
    """A week with so many bookings a minute."""

    bookings_per_minute: int
    begins: int

    @property
    def ends(self) -> int:
        return self.begins + WEEK_SECONDS


def weeks(*bookings_per_minute: int) -> tuple[Week, ...]:
    return tuple(Week(rate, FIRST_MONDAY + number * _APART) for number, rate in enumerate(bookings_per_minute))


def open_metrics(all_weeks: tuple[Week, ...], promise: Promise) -> Iterator[str]:
    """Yield the whole history; the same weeks are the same every time."""
    families: dict[str, list[str]] = {}
    for week in all_weeks:
        for series, values, step in _week(week, promise):
            lines = (f"{series.selector} {value} {week.begins + step * n}" for n, value in enumerate(values))
            families.setdefault(series.selector.partition("{")[0], []).extend(lines)
    for name, lines in families.items():
        yield f"# TYPE {name} unknown"
        yield from lines
    yield "# EOF"


Samples = tuple[Series, list[float], int]


def _week(week: Week, promise: Promise) -> Iterator[Samples]:
    chance = _Chance(week, int(promise.timers.scrape_interval.seconds))
    labels = {"channel": "voice", "traffic": "real"}
    bookings = _sample(c.ATTEMPTS, outcome="confirmed", reason=c.NO_REASON, **labels)
    failures = _sample(c.ATTEMPTS, outcome=c.FAILED, reason=c.FAILURE_REASONS[0], **labels)
    yield chance.counter(bookings, 1 - FAILURE_RATIO)
    yield chance.counter(failures, FAILURE_RATIO)
    answers = promise.objectives.api_latency
    limits = {answers.threshold_seconds: 1 - SLOW_RATIO, answers.goal_seconds: 1 - 2 * SLOW_RATIO}
    yield from chance.histogram(c.API_DURATION, limits, REQUESTS_PER_BOOKING)
    journey = promise.objectives.journey_latency.threshold_seconds
    yield from chance.histogram(c.JOURNEY_DURATION, {journey: 1 - SLOW_RATIO}, 1)
    yield chance.probe(promise)
    yield from _read_by_warnings(_Chance(week, _WARNING_STEP), promise)
    for series, value in _steady():
        moments = range(week.begins, week.ends, _STEADY_STEP)
        yield series, [value(moment) for moment in moments], _STEADY_STEP
    # Its age is judged to the second.
    read = int(promise.timers.scrape_interval.seconds)
    yield _sample(c.LAST_READ), [float(moment) for moment in range(week.begins, week.ends, read)], read


def _read_by_warnings(chance: _Chance, promise: Promise) -> Iterator[Samples]:
    alerts = promise.alerts
    edges = {
        c.CALCOM_DURATION: alerts.calcom_latency.over,
        c.DB_QUERY_DURATION: alerts.database_queries.over,
        c.DB_QUERIES_PER_BOOKING: alerts.queries_per_booking.over,
        c.AGENT_TURN_DURATION: alerts.agent_turns.over,
    }
    for metric, edge in edges.items():
        yield from chance.histogram(metric, {edge: 1 - SLOW_RATIO}, PER_BOOKING[metric])
    yield chance.counter(_sample(c.SYNC_FAILURES, reason=c.FAILURE_REASONS[0]), SYNC_FAILURE_RATIO)
    for result, ratio in ((c.CACHE_MISS, MISS_RATIO), (c.CACHE_HIT, 1 - MISS_RATIO)):
        asked = _sample(c.CACHE_REQUESTS, cache=c.CACHE.values[0], result=result)
        yield chance.counter(asked, ratio * LOOKUPS_PER_BOOKING)


class _Chance:
    """How often something happens in each step of a week: whoever telephones does not know of the others."""

    def __init__(self, week: Week, step: int) -> None:
        self._seed = week.bookings_per_minute
        self._step = step
        self._per_step = week.bookings_per_minute * step / 60

    def counter(self, series: Series, per_booking: float) -> Samples:
        return series, list(accumulate(self._counts(series.selector, per_booking))), self._step

    def histogram(self, metric: Metric, within: dict[float, float], per_booking: float) -> Iterator[Samples]:
        """Yield all observations, and those within each edge, the widest first, which so large a share is."""
        versions = {c.PROMPT_VERSION.name: "v2"}
        labels = {label.name: versions.get(label.name, label.values[0]) for label in metric.labels}
        # What is slow and what is fast come independently of one another, so they can be drawn apart and added.
        edges = sorted(within, reverse=True)
        shares = [1.0, *(within[edge] for edge in edges), 0.0]
        counts = [0] * (WEEK_SECONDS // self._step)
        drawn = []
        for number in reversed(range(len(shares) - 1)):
            more = self._counts(f"{metric.name} {number}", (shares[number] - shares[number + 1]) * per_booking)
            counts = [one + other for one, other in zip(counts, more, strict=True)]
            drawn.append(list(accumulate(counts)))
        *below, every = drawn
        yield _sample(metric, suffix="_count", **labels), every, self._step
        for edge, fast in zip(edges, reversed(below), strict=True):
            yield _sample(metric, suffix="_bucket", le=promql.edge(metric, edge), **labels), fast, self._step

    def probe(self, promise: Promise) -> Samples:
        """Return the light probe, whose runs fail as seldom as bookings do.

        Three in a row then come once in 66 weeks: the rule is right to page, and no week here has them.
        """
        step, in_a_row, values, draw = int(promise.probe.light.period.seconds), 0, [], self._drawn_for("probe")
        for _ in range(WEEK_SECONDS // step):
            in_a_row = in_a_row + 1 if draw.random() < FAILURE_RATIO else 0
            values.append(float(in_a_row))
        return sample(c.PROBE_CONSECUTIVE_FAILURES, "", job="probe", probe="light"), values, step

    def _drawn_for(self, what: str) -> Random:
        """Return chance of its own for each series: another one added must not change it."""
        return Random(f"{self._seed} {what}")

    def _counts(self, what: str, per_booking: float) -> list[int]:
        mean, steps, draw = self._per_step * per_booking, WEEK_SECONDS // self._step, self._drawn_for(what)
        if mean > _MANY:
            return [max(0, round(draw.gauss(mean, math.sqrt(mean)))) for _ in range(steps)]
        nobody = math.exp(-mean)
        return [_poisson(mean, nobody, draw.random()) for _ in range(steps)]


# Beyond this a normal distribution is as good, and quicker.
_MANY = 30


def _poisson(mean: float, nobody: float, drawn: float) -> int:
    count, probability = 0, nobody
    total = probability
    # Past this, rounding could keep the sum below what was drawn for ever.
    while drawn > total and probability > 1e-18:
        count += 1
        probability *= mean / count
        total += probability
    return count


def _steady() -> Iterator[tuple[Series, Callable[[int], float]]]:
    def always(value: float) -> Callable[[int], float]:
        return lambda _moment: value

    for job in JOBS:
        yield scrapes(job, ""), always(1)
        yield foreign(promql.SCRAPE_SECONDS, "", job=job), always(0.02)
    yield foreign(promql.RULE_FAILURES, "", job="prometheus"), always(0)
    yield foreign(promql.NOTIFICATION_FAILURES, "", job="alertmanager"), always(0)
    yield _sample(c.WORKER_CPU, slot="http-0"), lambda moment: 0.3 * (moment - FIRST_MONDAY)
    yield _sample(c.WORKER_MEMORY, slot="http-0"), always(150 * 2**20)
    yield _sample(c.WORKERS_LIVE), always(2)
    yield _sample(c.INFLIGHT_OLDEST_AGE), always(2)
    yield _sample(c.BREAKER_OPENED, name=c.BREAKER.values[0]), always(0)
    yield _sample(c.BREAKER_NOW, name=c.BREAKER.values[0], state="half_open"), always(0)
    yield _sample(c.BREAKER_TRANSITIONS, name=c.BREAKER.values[0], to="open"), always(0)
    yield _sample(c.DB_CONNECTION_ERRORS, kind=c.DB_ERROR.values[0]), always(0)
    yield _sample(c.ORPHANS, kind="orphan_here"), always(0)
    yield _sample(c.BUILD_INFO, version="1"), always(1)
    yield sample(c.PROBE_ORPHANS, "", job="probe"), always(0)


def _sample(metric: Metric, **labels: str) -> Series:
    return sample(metric, "", job=BOOKING_JOB, **labels)
