"""Booking KPIs: do we keep the promise, and if not, what fails?"""

from __future__ import annotations

from dashboards import queries as q
from dashboards.board import Board, Row
from dashboards.layout import COLUMNS
from dashboards.panels import Caption, Look, Panel, bars, stat, timeseries
from dashboards.queries import Query
from dashboards.scales import BLUE, GREEN, ORANGE, RED, SHARE, YELLOW, Step, falling, rising
from sla import catalogue as c
from sla import promql, recordings
from sla.catalogue import Metric
from sla.objectives import LatencyObjective, Promise, SuccessObjective

OUTCOME_COLORS = {"confirmed": GREEN, "queued": BLUE, "failed": RED, "refused": YELLOW}


def board(promise: Promise) -> Board:
    return Board(
        uid="booking-kpis",
        title="Booking KPIs",
        description="Whether bookings succeed and journeys are fast enough, and what fails when they are not.",
        rows=(
            Row("The promise, over the time range on show", _promise(promise)),
            Row("Since when", (_success_over_time(promise), _journey_over_time(promise))),
            Row("What fails, and for whom", (_failures(), _refusals(), _attempts())),
            Row("Can the probe be believed", _verdict(promise)),
        ),
    )


def _promise(promise: Promise) -> tuple[Panel, ...]:
    objectives = promise.objectives
    return (
        _success(promise),
        _journey(objectives.journey_latency),
        _journeys_within(objectives.journey_latency),
        _answers_within(objectives.api_latency),
        _bookings(),
        _probe_checks(objectives.booking_success),
    )


def _success(promise: Promise) -> Panel:
    target, alerts = promise.objectives.booking_success.target, promise.alerts.success_rate
    caption = Caption(
        "Booking success rate",
        f"Share of real attempts that we did not fail; what callers get wrong is not counted. Target {target:.0%}.",
        SHARE,
        alert="BookingSuccessRateLow",
    )
    steps = falling(
        Step(float(1 - alerts.critical.ratio), ORANGE),
        Step(float(1 - alerts.warning.ratio), YELLOW),
        Step(float(target), GREEN),
    )
    return stat(caption, Query(f"1 - {q.share_failed_in_range()}", "success", instant=True), steps=steps, decimals=2)


def _journey(objective: LatencyObjective) -> Panel:
    caption = Caption(
        "Journey P95",
        f"Last verdict of the probe: call starts to booking confirmed. Goal {objective.goal_seconds:g} s, "
        f"limit {objective.threshold_seconds:g} s.",
        "s",
        alert="BookingProbeFailing",
    )
    query = Query(q.highest(q.level(c.PROBE_P95)), "P95", instant=True)
    steps = rising(Step(objective.goal_seconds, YELLOW), Step(objective.threshold_seconds, RED))
    return stat(caption, query, steps=steps, decimals=1)


def _journeys_within(objective: LatencyObjective) -> Panel:
    limit = objective.threshold_seconds
    caption = Caption(
        f"Journeys within {limit:g} s",
        f"Share of the probe's journeys that took at most {limit:g} s; a failed one counts as too slow. "
        f"Target {objective.target:.0%}.",
        SHARE,
    )
    query = Query(q.within_in_range(c.PROBE_DURATION, limit), "share", instant=True)
    return stat(caption, query, steps=falling(Step(float(objective.target), GREEN)), decimals=1)


def _answers_within(objective: LatencyObjective) -> Panel:
    limit = objective.threshold_seconds
    caption = Caption(
        f"API answers within {limit:g} s",
        f"Share of real HTTP requests answered in at most {limit:g} s. Target {objective.target:.0%}.",
        SHARE,
    )
    query = Query(q.within_in_range(c.API_DURATION, limit, traffic=q.REAL), "share", instant=True)
    return stat(caption, query, steps=falling(Step(float(objective.target), GREEN)), decimals=1)


def _bookings() -> Panel:
    caption = Caption("Bookings made", "Real bookings confirmed, or accepted while Cal.com is away.", "short")
    made = q.in_range(c.ATTEMPTS, outcome=c.GOOD_OUTCOMES, traffic=q.REAL)
    return stat(caption, Query(made, "bookings", instant=True))


def _probe_checks(objective: SuccessObjective) -> Panel:
    caption = Caption(
        "Probe checks that worked",
        "Share of all synthetic checks and journeys that got the right answer, also while no caller is there.",
        SHARE,
        alert="BookingProbeFailing",
    )
    worked = promql.ratio(q.in_range(c.PROBE_CHECKS, result="ok"), q.in_range(c.PROBE_CHECKS))
    query = Query(worked, "share", instant=True)
    return stat(caption, query, steps=falling(Step(float(objective.target), GREEN)), decimals=1)


def _success_over_time(promise: Promise) -> Panel:
    objective, alerts = promise.objectives.booking_success, promise.alerts.success_rate
    caption = Caption(
        "Success rate",
        "The recorded series the alerts judge. A gap means nobody called. Lines: where on-call is warned and paged.",
        SHARE,
        alert="BookingSuccessRateLow",
    )
    measured = [
        q.judged(recordings.failed_ratio(window), f"over {window}", form="1 - {}")
        for window in (alerts.critical.window, alerts.warning.window)
    ]
    target = q.promised(recordings.objective("booking_success", objective.target), "target")
    lines = (
        Step(float(1 - alerts.critical.ratio), RED),
        Step(float(1 - alerts.warning.ratio), ORANGE),
    )
    return timeseries(caption, *measured, target, lines=lines)


def _journey_over_time(promise: Promise) -> Panel:
    objective = promise.objectives.journey_latency
    caption = Caption(
        "Journey P95 of probe and callers",
        f"The probe: P95 of each verdict run and its one-sided {promise.probe.verdict.confidence:.0%} upper bound, "
        f"against the goal of {objective.goal_seconds:g} s and the limit of {objective.threshold_seconds:g} s. "
        "Callers, by the prompt of their agent: from the start of the call until they had heard that it is booked, "
        "and how long they wait in each turn for the agent to speak.",
        "s",
    )
    return timeseries(
        caption,
        Query(q.highest(q.level(c.PROBE_P95)), "probe"),
        Query(q.highest(q.level(c.PROBE_UPPER_BOUND)), "upper bound"),
        _of_callers(c.JOURNEY_DURATION, "callers"),
        _of_callers(c.AGENT_TURN_DURATION, "agent's turn"),
        q.promised(recordings.threshold("journey_latency", objective.threshold_seconds), "limit"),
        lines=(Step(objective.goal_seconds, ORANGE),),
    )


def _of_callers(metric: Metric, what: str) -> Query:
    return Query(q.quantile(0.95, metric, "prompt_version", traffic="real"), f"{what}, {{{{prompt_version}}}}")


def _failures() -> Panel:
    caption = Caption(
        "Failures by reason",
        "Real attempts that we failed. These burn the error budget.",
        "short",
        alert="BookingSuccessRateLow",
    )
    return bars(caption, _by_reason(c.FAILED))


def _refusals() -> Panel:
    caption = Caption("Refusals by reason", "Real attempts the caller has to change; they count in no ratio.", "short")
    return bars(caption, _by_reason(c.REFUSED), color=YELLOW)


def _by_reason(outcome: str) -> Query:
    counts = q.in_range(c.ATTEMPTS, "reason", outcome=outcome, traffic=q.REAL)
    return Query(f"sort_desc({counts})", "{{reason}}", instant=True)


def _attempts() -> Panel:
    caption = Caption("Attempts by outcome", "Real booking attempts a minute, by how they ended.", "cpm")
    query = Query(q.per_minute(c.ATTEMPTS, "outcome", traffic=q.REAL), "{{outcome}}")
    return timeseries(caption, query, look=Look(stacked=True, colors=OUTCOME_COLORS, width=COLUMNS // 3))


def _verdict(promise: Promise) -> tuple[Panel, ...]:
    run = promise.probe.verdict
    lag = run.maximum_schedule_lag_seconds
    verdicts = Query(q.in_range(c.PROBE_RUNS, "verdict"), "{{verdict}}", instant=True)
    return (
        bars(Caption("Verdicts", "How the probe's verdict runs ended; one is due every hour.", "short"), verdicts),
        stat(
            Caption("Journeys behind the verdict", f"A verdict needs {run.journeys} to bound P95.", "short"),
            Query(q.lowest(q.level(c.PROBE_SAMPLES)), "journeys", instant=True),
            steps=falling(Step(run.journeys, GREEN)),
            width=COLUMNS // 3,
        ),
        stat(
            Caption("Probe started late by", f"Above {lag:g} s the generator, not the service, is slow.", "s"),
            Query(q.highest(q.level(c.PROBE_SCHEDULE_LAG)), "lag", instant=True),
            steps=rising(Step(lag, RED)),
            decimals=3,
            width=COLUMNS // 3,
        ),
    )
