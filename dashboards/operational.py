"""Operational: is every part up, what goes wrong underneath, and do pages arrive?"""

from __future__ import annotations

from dashboards import queries as q
from dashboards.board import Board, Row
from dashboards.layout import COLUMNS
from dashboards.panels import Caption, Look, Panel, bars, stat, timeline, timeseries
from dashboards.queries import Query
from dashboards.scales import ANY_IS_BAD, NONE_IS_BAD, ORANGE, RED, YELLOW, Step, rising
from sla import catalogue as c
from sla import promql
from sla.objectives import Promise

HALF, THIRD = COLUMNS // 2, COLUMNS // 3


def board(promise: Promise) -> Board:
    return Board(
        uid="booking-operational",
        title="Operational",
        description="Whether every part of the chain is up, what fails underneath, and whether pages arrive in time.",
        rows=(
            Row("System health", (_health(), _workers(), _unsettled(), _waiting(promise), _silence(promise))),
            Row("What goes wrong", (_errors(), _faults(), _probe(promise))),
            Row("Resources", (_connections(), _memory(), _cpu(), _collectors())),
            Row("Paging", (_pages(), _delivery(promise))),
        ),
    )


def _health() -> Panel:
    caption = Caption(
        "Up and down",
        "Scrape targets by job; database, cache and circuits as the sidecar sees them; the sidecar's collectors.",
        "short",
        alert="BookingServiceDown",
    )
    return timeline(
        caption,
        Query(q.lowest(q.UP, "job"), "{{job}}"),
        Query(q.lowest(q.level(c.DB_UP)), "database"),
        Query(q.lowest(q.level(c.CACHE_UP)), "cache"),
        Query(q.lowest(q.level(c.BREAKER_NOW, state="closed"), "name"), "circuit to {{name}} closed"),
        Query(q.lowest(q.level(c.COLLECTOR_SUCCESS), "collector"), "collector {{collector}}"),
    )


def _workers() -> Panel:
    caption = Caption("Workers live", "Core workers that hold their slot.", "short", alert="BookingServiceDown")
    query = Query(promql.sum_by(q.level(c.WORKERS_LIVE)), "workers", instant=True)
    return stat(caption, query, steps=NONE_IS_BAD)


def _unsettled() -> Panel:
    caption = Caption(
        "Unsettled bookings",
        "Appointments that wait to be entered in Cal.com, those it may or may not hold (each blocks its slot), "
        "orphans, which live in one world only, and jobs that were given up and wait for a person.",
        "short",
        alert="OrphanedBookings",
    )
    queries = (
        Query(q.highest(q.level(c.SYNC_BACKLOG)), "waiting", instant=True),
        Query(q.highest(q.level(c.UNKNOWN_OUTCOMES)), "unknown", instant=True),
        Query(q.highest(q.level(c.ORPHANS), "kind"), "{{kind}}", instant=True),
        Query(q.highest(q.level(c.QUEUE_JOBS, state="given_up"), "state"), "jobs {{state}}", instant=True),
    )
    return stat(caption, *queries, steps=ANY_IS_BAD)


def _waiting(promise: Promise) -> Panel:
    journey = promise.objectives.journey_latency
    caption = Caption(
        "How long Cal.com keeps us waiting",
        f"Age of the oldest booking in flight (beyond {journey.threshold_seconds:g} s it is stuck) and of the oldest "
        "unsettled one; since when the circuit is not closed; how late bookings were confirmed in the time on show.",
        "s",
        alert="CircuitBreakerOpen",
    )
    steps = rising(Step(journey.goal_seconds, YELLOW), Step(journey.threshold_seconds, RED))
    queries = (
        Query(q.highest(q.level(c.INFLIGHT_OLDEST_AGE)), "in flight", instant=True),
        Query(q.highest(q.level(c.SYNC_BACKLOG_OLDEST_AGE)), "unsettled", instant=True),
        Query(q.highest(f"time() - ({q.level(c.BREAKER_OPENED)} > 0)", "name"), "circuit to {{name}}", instant=True),
        Query(q.quantile_in_range(0.95, c.CONFIRMATION_DELAY), "confirmed late, P95", instant=True),
    )
    return stat(caption, *queries, steps=steps, width=THIRD)


def _silence(promise: Promise) -> Panel:
    limit = promise.timers.deadman_silence
    caption = Caption(
        "Last sign of life",
        f"Time since the metric files were read, the probe finished a check, and the Watchdog reached on-call. "
        f"Silence beyond {limit} means this page may be wrong.",
        "s",
        alert="Watchdog",
    )
    queries = (
        Query(q.seconds_since(c.LAST_READ), "metrics", instant=True),
        Query(q.seconds_since(c.PROBE_LAST_RUN, "probe"), "{{probe}} probe", instant=True),
        Query(q.seconds_since(c.DEADMAN_LAST_SEEN), "Watchdog", instant=True),
    )
    return stat(caption, *queries, steps=rising(Step(limit.seconds, RED)), width=THIRD)


def _errors() -> Panel:
    caption = Caption(
        "Error rates",
        "Bookings a minute that we failed, by reason, real and synthetic alike.",
        "cpm",
        alert="BookingSuccessRateLow",
    )
    query = Query(q.per_minute(c.ATTEMPTS, "reason", outcome=c.FAILED), "{{reason}}")
    return timeseries(caption, query, look=Look(stacked=True, width=THIRD))


def _faults() -> Panel:
    caption = Caption(
        "Faults underneath",
        "A minute: database connections lost or not had, unexpected errors, listeners that raised, messages that could "
        "not be sent, webhooks whose signature did not fit, tries of jobs to agree with Cal.com and those that failed, "
        "differences with it and what was done about them, calls to it repeated, circuits moved, calls judged without "
        "Redis, and metric files that were skipped.",
        "cpm",
        alert="CircuitBreakerOpen",
    )
    queries = (
        Query(q.per_minute(c.DB_CONNECTION_ERRORS, "kind"), "database {{kind}}"),
        Query(q.per_minute(c.UNEXPECTED_ERRORS), "unexpected errors"),
        Query(q.per_minute(c.LISTENER_FAILURES, "listener"), "{{listener}} raised"),
        Query(q.per_minute(c.NOTIFICATIONS, "kind", result="failed"), "{{kind}} not sent"),
        Query(q.per_minute(c.WEBHOOKS, "source", result="refused"), "{{source}} webhooks refused"),
        Query(q.per_minute(c.SYNC_RUNS), "tries to agree with Cal.com"),
        Query(q.per_minute(c.SYNC_FAILURES, "reason"), "not agreed: {{reason}}"),
        Query(q.per_minute(c.INCONSISTENCIES, "kind", "action"), "{{kind}} {{action}}"),
        Query(q.per_minute(c.CALCOM_RETRIES), "Cal.com retries"),
        Query(q.per_minute(c.BREAKER_TRANSITIONS, "name", "to"), "circuit to {{name}} now {{to}}"),
        Query(q.per_minute(c.BREAKER_FALLBACKS), "judged without Redis"),
        Query(q.per_minute(c.FILES_SKIPPED, "reason"), "metric file {{reason}}"),
    )
    return timeseries(caption, *queries, look=Look(width=THIRD))


def _probe(promise: Promise) -> Panel:
    limit = promise.alerts.probe_failing.consecutive_failures
    caption = Caption(
        "Probe failures and leftovers",
        f"Failed runs in a row ({limit} page on-call), bookings the probe could not cancel, and those swept up for it.",
        "short",
        alert="BookingProbeFailing",
    )
    queries = (
        Query(q.highest(q.level(c.PROBE_CONSECUTIVE_FAILURES), "probe"), "{{probe}} failures in a row"),
        Query(q.highest(q.level(c.PROBE_ORPHANS)), "orphans"),
        Query(q.per_minute(c.SWEPT), "swept a minute"),
    )
    return timeseries(caption, *queries, lines=(Step(limit, RED),), look=Look(width=THIRD))


def _connections() -> Panel:
    caption = Caption("Database connections", "Connections to the booking database, by what they are doing.", "short")
    query = Query(promql.sum_by(q.level(c.DB_CONNECTIONS), "state"), "{{state}}")
    return timeseries(caption, query, look=Look(stacked=True))


def _memory() -> Panel:
    caption = Caption("Worker memory", "Resident memory of each core worker, by slot.", "bytes")
    return timeseries(caption, Query(q.highest(q.level(c.WORKER_MEMORY), "slot"), "worker {{slot}}"))


def _cpu() -> Panel:
    caption = Caption("Worker CPU", "Share of one processor that each core worker uses, by slot.", "percentunit")
    return timeseries(caption, Query(q.per_second(c.WORKER_CPU, "slot"), "worker {{slot}}"))


def _collectors() -> Panel:
    caption = Caption("Exporter collectors", "Time each of the sidecar's collectors took in its last run.", "s")
    return timeseries(caption, Query(q.highest(q.level(c.COLLECTOR_DURATION), "collector"), "{{collector}}"))


def _pages() -> Panel:
    caption = Caption("Pages by alert", "Pages received since the on-call receiver started.", "short")
    counts = promql.sum_by(q.level(c.PAGES), "alertname", "severity")
    query = Query(f"sort_desc({counts})", "{{alertname}} ({{severity}})", instant=True, excuses=(q.OPEN_LABEL,))
    return bars(caption, query, color=ORANGE, width=HALF)


def _delivery(promise: Promise) -> Panel:
    limit = promise.time_to_page
    caption = Caption(
        "Alert delivery",
        f"Time from an alert's start to its arrival at on-call, over the time range on show; {limit} are promised "
        "from the start of the issue.",
        "s",
    )
    quantiles = [
        Query(q.quantile_in_range(share, c.ALERT_DELIVERY), f"P{share * 100:g}", instant=True) for share in (0.5, 0.95)
    ]
    steps = rising(Step(limit.seconds / 2, YELLOW), Step(limit.seconds, RED))
    return stat(caption, *quantiles, steps=steps, decimals=1, width=HALF)
