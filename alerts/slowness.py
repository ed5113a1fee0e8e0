"""The alerts for what takes too long: our answers, Cal.com, the database, and a booking nobody answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alerts import shares, wording
from alerts.alert import Alert, Board, Category, Component, Severity
from alerts.cases import Phase, sample, slow_observations
from alerts.level_cases import Level, level
from alerts.share_cases import LONG, Events
from alerts.shares import ShareAlert
from sla import catalogue as c
from sla import promql, recordings
from sla.catalogue import Metric
from sla.limits import Alerts, ShareLimits, SlowLimits
from sla.objectives import Promise
from sla.recordings import Share
from sla.topology import BOOKING_JOB

_ANSWER = {"route": c.ROUTE.values[0], "method": "POST", "code_class": "2xx"}
_JOB = {"job": BOOKING_JOB}


def paging(promise: Promise) -> tuple[Alert, ...]:
    """Return those of the fast group."""
    limits, objective = promise.alerts.api_latency, promise.objectives.api_latency
    scrape = promise.timers.scrape_interval.seconds
    evidence = limits.critical.count * scrape
    return (
        _answers(promise, limits.critical, Severity.CRITICAL, objective.threshold_seconds, evidence),
        _answers(promise, limits.warning, Severity.WARNING, objective.goal_seconds, None),
    )


def _answers(
    promise: Promise, limits: ShareLimits, severity: Severity, over: float, evidence_seconds: float | None
) -> Alert:
    share = recordings.slow_answers(over, limits.window)
    short = recordings.slow_answers(over, limits.short_window) if limits.short_window else None
    real = slow_observations(c.API_DURATION, over, job=BOOKING_JOB, traffic="real", **_ANSWER)
    probes = slow_observations(c.API_DURATION, over, job=BOOKING_JOB, traffic="synthetic", **_ANSWER)
    return shares.alert(
        ShareAlert(
            name="BookingApiLatencyHigh",
            severity=severity,
            category=Category.SYMPTOM,
            component=Component.CORE,
            limits=limits,
            share=share,
            short=short,
            events=Events(f"answers slower than {over:g} s", real, _JOB, others=probes((Phase(1_000, 1_000, LONG),))),
            bad=f"took longer than {over:g} s",
            of="answers to the voice agent",
            impact="The caller hears silence, and the agent may give the call up.",
            board=Board.PERFORMANCE,
            scrape=promise.timers.scrape_interval,
            evaluation=promise.timers.fast_evaluation_interval,
            evidence_seconds=evidence_seconds,
        )
    )


@dataclass(frozen=True, slots=True)
class _Cause:
    """What is slow where; `bad` says by how much, {over} is the limit."""

    name: str
    limits: Callable[[Alerts], SlowLimits]
    share: Callable[[SlowLimits], Share]
    metric: Metric
    labels: Mapping[str, str]
    component: Component
    of: str
    impact: str
    bad: str = "took longer than {over:g} s"


_CAUSES = (
    _Cause(
        "CalcomLatencyHigh",
        lambda alerts: alerts.calcom_latency,
        recordings.slow_calcom_calls,
        c.CALCOM_DURATION,
        {"operation": "create", "kind": "successful"},
        Component.CALCOM,
        of="requests to Cal.com",
        impact="Callers wait, and bookings that wait too long are taken down to be confirmed later.",
    ),
    _Cause(
        "AgentLatencyHigh",
        lambda alerts: alerts.agent_turns,
        recordings.slow_turns,
        c.AGENT_TURN_DURATION,
        {"prompt_version": "v2", "traffic": "real"},
        Component.CORE,
        of="the voice agent's turns",
        bad="kept the caller waiting longer than {over:g} s",
        impact="Callers hear silence, speak into it, and hang up.",
    ),
    _Cause(
        "DatabaseQueriesSlow",
        lambda alerts: alerts.database_queries,
        recordings.slow_statements,
        c.DB_QUERY_DURATION,
        {"statement": "select"},
        Component.DATABASE,
        of="SQL statements",
        impact="Every answer becomes slower by as much; the next alert may be BookingApiLatencyHigh.",
    ),
    _Cause(
        "QueriesPerBookingHigh",
        lambda alerts: alerts.queries_per_booking,
        recordings.costly_bookings,
        c.DB_QUERIES_PER_BOOKING,
        {},
        Component.DATABASE,
        of="booking attempts",
        bad="sent more than {over:g} SQL statements",
        impact="None yet; the database will be the first thing that gives way as traffic grows.",
    ),
)


def warnings(promise: Promise) -> tuple[Alert, ...]:
    """Return those of the slow group."""
    return (_journey_stuck(promise), *(_slow(cause, promise) for cause in _CAUSES))


def _slow(cause: _Cause, promise: Promise) -> Alert:
    limits = cause.limits(promise.alerts)
    series = slow_observations(cause.metric, limits.over, job=BOOKING_JOB, **cause.labels)
    bad = cause.bad.format(over=limits.over)
    return shares.alert(
        ShareAlert(
            name=cause.name,
            severity=Severity.WARNING,
            category=Category.CAUSE,
            component=cause.component,
            limits=limits,
            share=cause.share(limits),
            events=Events(f"{cause.of} that {bad}", series, _JOB),
            bad=bad,
            of=cause.of,
            impact=cause.impact,
            board=Board.PERFORMANCE,
            scrape=promise.timers.scrape_interval,
            evaluation=promise.timers.evaluation_interval,
        )
    )


def _journey_stuck(promise: Promise) -> Alert:
    limits, over = promise.alerts.journey_stuck, promise.objectives.journey_latency.threshold_seconds
    age = promql.max_by(promql.selector(c.INFLIGHT_OLDEST_AGE), "job")
    return Alert(
        name="BookingJourneyStuck",
        severity=Severity.WARNING,
        category=Category.SYMPTOM,
        component=Component.CORE,
        expression=f"{age} > {over:g}",
        summary="A caller has waited for an answer for too long",
        description=f"The oldest unanswered booking was held {{seconds}} s ago; warning above {over:g} s.",
        facts={"seconds": wording.value_as_count()},
        impact="One caller, at least, hears nothing; if many follow, the success rate falls next.",
        board=Board.OPERATIONAL,
        hold=limits.for_,
        keep_firing=limits.keep_firing_for,
        cases=level(
            Level(
                lambda values: (sample(c.INFLIGHT_OLDEST_AGE, values, job=BOOKING_JOB),),
                right=over,
                wrong=over + 1,
                labels=_JOB,
                facts={"seconds": f"{over + 1:g}"},
            ),
            hold=limits.for_,
            keep_firing=limits.keep_firing_for,
            scrape=promise.timers.scrape_interval,
            evaluation=promise.timers.evaluation_interval,
        ),
    )
