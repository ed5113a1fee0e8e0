"""Monitoring health: can what these dashboards and pages say be believed?"""

from __future__ import annotations

from dashboards import queries as q
from dashboards.board import Board, Row
from dashboards.layout import COLUMNS
from dashboards.panels import Caption, Look, Panel, stat, timeline, timeseries
from dashboards.queries import Query
from dashboards.scales import ANY_IS_BAD, RED, YELLOW, Step, rising
from sla import catalogue as c
from sla import promql
from sla.objectives import Promise

HALF, THIRD = COLUMNS // 2, COLUMNS // 3


def board(promise: Promise) -> Board:
    return Board(
        uid="booking-monitoring",
        title="Monitoring health",
        description="Whether everything is scraped, every rule judged, every page delivered, and how late.",
        rows=(
            Row("System health, of the monitoring itself", (_targets(), _signs_of_life(promise), _failures(promise))),
            Row("Can it see", (_scrape_seconds(promise), _samples(), _collectors(promise))),
            Row("Does it judge in time", (_group_seconds(promise), _skipped_files(), _ways_out())),
            Row("Does it arrive", (_delivery(promise), _notifications())),
        ),
    )


def _targets() -> Panel:
    caption = Caption(
        "Scraped",
        "Every target by job, and the sidecar's collectors; 0 is a scrape or a collector that failed.",
        "short",
        alert="TelemetryMissing",
    )
    return timeline(
        caption,
        Query(q.lowest(q.UP, "job"), "{{job}}"),
        Query(q.lowest(q.level(c.COLLECTOR_SUCCESS), "collector"), "collector {{collector}}"),
    )


def _signs_of_life(promise: Promise) -> Panel:
    limit = promise.alerts.telemetry_age_seconds.over
    caption = Caption(
        "Age of the newest reading",
        f"Since the workers' files were read, the Watchdog heard. Above {limit:g} s the numbers are old.",
        "s",
        alert="TelemetryMissing",
    )
    queries = (
        Query(q.seconds_since(c.LAST_READ), "metric files", instant=True),
        Query(q.seconds_since(c.DEADMAN_LAST_SEEN), "Watchdog", instant=True),
    )
    silence = promise.timers.deadman_silence.seconds
    return stat(caption, *queries, steps=rising(Step(limit, YELLOW), Step(silence, RED)), width=HALF)


def _failures(promise: Promise) -> Panel:
    window = promise.alerts.rule_failures.window
    caption = Caption(
        "Rules and notifications that failed",
        f"Over the time range on show. From 1 in {window} the team is warned.",
        "short",
        alert="PrometheusRuleFailures",
    )
    queries = (
        Query(q.given_in_range(promql.RULE_FAILURES), "rules", instant=True),
        Query(q.given_in_range(promql.NOTIFICATION_FAILURES), "notifications", instant=True),
    )
    return stat(caption, *queries, steps=ANY_IS_BAD, width=HALF)


def _scrape_seconds(promise: Promise) -> Panel:
    limit = promise.alerts.scrape_seconds.over
    caption = Caption(
        "Scrape duration",
        f"Time Prometheus waits for each job; above {limit:g} s the team is warned, at "
        f"{promise.timers.scrape_timeout} the scrape is lost.",
        "s",
        alert="ScrapeTooSlow",
    )
    query = Query(q.highest(q.given(promql.SCRAPE_SECONDS), "job"), "{{job}}")
    return timeseries(caption, query, lines=(Step(limit, RED),), look=Look(width=THIRD))


def _samples() -> Panel:
    caption = Caption(
        "Samples scraped",
        "Series each job publishes; a label out of hand is a slope here, and folded into `other` above the cap.",
        "short",
    )
    return timeseries(
        caption,
        Query(q.highest(q.given(promql.SCRAPED_SAMPLES), "job"), "{{job}}"),
        Query(q.highest(q.level(c.SERIES_FOLDED)), "folded"),
        look=Look(width=THIRD),
    )


def _collectors(promise: Promise) -> Panel:
    caption = Caption(
        "Collector durations",
        "Time each of the sidecar's collectors took; together they are the scrape of the job booking.",
        "s",
        alert="ScrapeTooSlow",
    )
    query = Query(q.highest(q.level(c.COLLECTOR_DURATION), "collector"), "{{collector}}")
    limit = Step(promise.alerts.scrape_seconds.over, RED)
    return timeseries(caption, query, lines=(limit,), look=Look(width=THIRD))


def _group_seconds(promise: Promise) -> Panel:
    interval = promise.timers.fast_evaluation_interval
    caption = Caption(
        "Rule group duration",
        f"Time Prometheus needs for a round of each group; the fast one must stay far below its {interval}.",
        "s",
        alert="PrometheusRuleFailures",
    )
    query = Query(q.highest(q.given(promql.RULE_GROUP_SECONDS), "rule_group"), "{{rule_group}}")
    return timeseries(caption, query, lines=(Step(interval.seconds, RED),), look=Look(width=THIRD))


def _skipped_files() -> Panel:
    caption = Caption(
        "Metric files skipped",
        "A minute, by why: empty, cut off, not ours, unreadable. What they held before is served meanwhile.",
        "cpm",
        alert="TelemetryMissing",
    )
    return timeseries(caption, Query(q.per_minute(c.FILES_SKIPPED, "reason"), "{{reason}}"), look=Look(width=THIRD))


def _ways_out() -> Panel:
    caption = Caption(
        "Exemplars and OTLP pushes",
        "A minute, by what became of them. An exemplar is the trace behind a dot; both are 0 where OTLP is off.",
        "cpm",
    )
    queries = (
        Query(q.per_minute(c.EXEMPLARS, "result"), "exemplars {{result}}"),
        Query(q.per_minute(c.EXEMPLARS_LOST), "exemplars lost"),
        Query(q.per_minute(c.PUSHES, "result"), "pushes {{result}}"),
    )
    return timeseries(caption, *queries, look=Look(width=THIRD))


def _delivery(promise: Promise) -> Panel:
    limit = promise.time_to_page
    caption = Caption(
        "Delivery of alerts",
        f"From an alert's start to on-call, canary and pages alike; {limit} are promised from the start of the issue.",
        "s",
        alert="AlertPipelineCanary",
    )
    quantiles = [Query(q.quantile(share, c.ALERT_DELIVERY), f"P{share * 100:g}") for share in (0.5, 0.95, 0.99)]
    return timeseries(caption, *quantiles, lines=(Step(limit.seconds, RED),), look=Look(width=HALF))


def _notifications() -> Panel:
    caption = Caption(
        "Notifications",
        "A minute, sent and failed, by the way they go.",
        "cpm",
        alert="AlertmanagerNotificationsFailing",
    )
    queries = (
        Query(q.given_per_minute(promql.NOTIFICATIONS, "integration"), "{{integration}} sent"),
        Query(q.given_per_minute(promql.NOTIFICATION_FAILURES, "integration"), "{{integration}} failed"),
    )
    return timeseries(caption, *queries, look=Look(width=HALF))
