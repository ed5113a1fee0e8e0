"""Performance: how fast are we, and where does the time go?"""

from __future__ import annotations

from dashboards import queries as q
from dashboards.board import Board, Choice, Row
from dashboards.booking_kpis import OUTCOME_COLORS
from dashboards.layout import COLUMNS
from dashboards.panels import Caption, Look, Panel, heatmap, stat, timeseries
from dashboards.queries import Query
from dashboards.scales import GREEN, ORANGE, RED, SHARE, YELLOW, Step, falling
from sla import catalogue as c
from sla import promql, recordings
from sla.catalogue import Metric
from sla.limits import ShareLimits
from sla.objectives import LatencyObjective, Promise

# Real traffic first: a probe every few seconds would drown a quiet salon's callers.
TRAFFIC = Choice(c.TRAFFIC.name, c.TRAFFIC.values)
CHOSEN = "$traffic"
QUANTILES = (0.5, 0.95, 0.99)


def board(promise: Promise) -> Board:
    objective = promise.objectives.api_latency
    return Board(
        uid="booking-performance",
        title="Performance",
        description="How fast the core answers, and whether its own steps, the database or Cal.com take the time.",
        choices=(TRAFFIC,),
        rows=(
            Row("The promise, over the time range on show", _promise(objective, promise.alerts.cache_misses)),
            Row("API", (_api_latency(objective), _within_over_time(objective), _by_route(objective), _throughput())),
            Row("Where the time goes", (_steps(), _calcom(), _calcom_calls(), _events())),
            Row("Database", (_query_distribution(), _statements(), _queries_per_booking())),
        ),
    )


def _promise(objective: LatencyObjective, cache: ShareLimits) -> tuple[Panel, ...]:
    return (
        _within(objective, objective.threshold_seconds, "The promise"),
        _within(objective, objective.goal_seconds, "The goal"),
        _cache_hits(cache),
    )


def _cache_hits(limits: ShareLimits) -> Panel:
    least = 1 - limits.ratio
    caption = Caption(
        "Cache hit rate",
        f"Of the questions that Redis answered, how many were remembered: at least {least:.0%} should be.",
        SHARE,
        alert="CacheMissRateHigh",
    )
    asked = q.in_range(c.CACHE_REQUESTS, result=c.CACHE_ANSWERS)
    query = Query(promql.ratio(q.in_range(c.CACHE_REQUESTS, result=c.CACHE_HIT), asked), "hits", instant=True)
    return stat(caption, query, steps=falling(Step(float(least), GREEN)), decimals=1, width=COLUMNS // 3)


def _within(objective: LatencyObjective, seconds: float, what: str) -> Panel:
    caption = Caption(
        f"Answers within {seconds:g} s",
        f"{what}: at least {objective.target:.0%} of HTTP requests answered in {seconds:g} s.",
        SHARE,
    )
    query = Query(q.within_in_range(c.API_DURATION, seconds, traffic=CHOSEN), "share", instant=True)
    return stat(caption, query, steps=falling(Step(float(objective.target), GREEN)), decimals=2, width=COLUMNS // 3)


def _api_latency(objective: LatencyObjective) -> Panel:
    caption = Caption(
        "API latency",
        "Time to answer one HTTP request, estimated from buckets. Lines: goal and limit for P95. "
        "Points are traces of single requests.",
        "s",
    )
    measured = _quantiles(c.API_DURATION, traffic=CHOSEN)
    limit = q.promised(recordings.threshold("api_latency", objective.threshold_seconds), "limit")
    return timeseries(caption, *measured, limit, lines=(_goal(objective),))


def _goal(objective: LatencyObjective) -> Step:
    return Step(objective.goal_seconds, ORANGE)


def _quantiles(metric: Metric, **match: str) -> list[Query]:
    return [Query(q.quantile(share, metric, **match), f"P{share * 100:g}", exemplar=True) for share in QUANTILES]


def _within_over_time(objective: LatencyObjective) -> Panel:
    caption = Caption(
        "Share within the threshold",
        f"Counted at the bucket edges, not estimated. The limit is kept while the upper line stays above "
        f"{objective.target:.0%}.",
        SHARE,
    )
    shares = [
        Query(q.within(c.API_DURATION, seconds, traffic=CHOSEN), f"within {seconds:g} s")
        for seconds in (objective.threshold_seconds, objective.goal_seconds)
    ]
    target = q.promised(recordings.objective("api_latency", objective.target), "target")
    return timeseries(caption, *shares, target)


def _by_route(objective: LatencyObjective) -> Panel:
    caption = Caption("API latency P95 by route", "Which endpoint is slow.", "s")
    return timeseries(
        caption,
        _p95(c.API_DURATION, "route", traffic=CHOSEN),
        lines=(_goal(objective), Step(objective.threshold_seconds, RED)),
    )


def _p95(metric: Metric, label: str, **match: str) -> Query:
    return Query(q.quantile(0.95, metric, label, **match), f"{{{{{label}}}}}", exemplar=True)


def _throughput() -> Panel:
    caption = Caption("Throughput", "Booking attempts a minute, by how they ended.", "cpm")
    query = Query(q.per_minute(c.ATTEMPTS, "outcome", traffic=CHOSEN), "{{outcome}}")
    return timeseries(caption, query, look=Look(stacked=True, colors=OUTCOME_COLORS))


def _steps() -> Panel:
    caption = Caption("Booking steps P95", "Time spent in each step of a booking, real and synthetic alike.", "s")
    return timeseries(caption, _p95(c.STEP_DURATION, "step"))


def _calcom() -> Panel:
    caption = Caption("Cal.com latency P95 by operation", "Time until Cal.com answered, or until we gave up.", "s")
    return timeseries(caption, _p95(c.CALCOM_DURATION, "operation"))


def _calcom_calls() -> Panel:
    caption = Caption(
        "Cal.com calls by result",
        "Requests a minute. `ignored` are answers that say nothing about its health, such as a taken slot or a 429.",
        "cpm",
    )
    colors = {"successful": GREEN, "failed": RED, "ignored": YELLOW}
    query = Query(q.per_minute(c.CALCOM_CALLS, "kind"), "{{kind}}")
    return timeseries(caption, query, look=Look(stacked=True, colors=colors))


def _events() -> Panel:
    caption = Caption(
        "Domain events and webhooks",
        "A minute: events published (every booking initiated must also end), and webhooks by what became of them.",
        "cpm",
    )
    webhooks = Query(q.per_minute(c.WEBHOOKS, "source", "result"), "{{source}} webhooks {{result}}")
    return timeseries(caption, Query(q.per_minute(c.EVENTS, "event"), "{{event}}"), webhooks)


def _query_distribution() -> Panel:
    caption = Caption("Query time distribution", "How many SQL statements took how long, in each minute.", "s")
    return heatmap(caption, Query(q.buckets(c.DB_QUERY_DURATION), "{{le}}", exemplar=True))


def _statements() -> Panel:
    caption = Caption("Query time P95 by statement", "Which kind of SQL statement is slow.", "s")
    return timeseries(caption, _p95(c.DB_QUERY_DURATION, "statement"))


def _queries_per_booking() -> Panel:
    caption = Caption("Queries per booking", "SQL statements sent for one booking attempt.", "short")
    mean = Query(q.mean(c.DB_QUERIES_PER_BOOKING), "mean")
    p95 = Query(q.quantile(0.95, c.DB_QUERIES_PER_BOOKING), "P95")
    return timeseries(caption, mean, p95, look=Look(width=COLUMNS))
