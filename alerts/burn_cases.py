"""The cases of the budget alerts: samples a minute apart, for windows of hours and days."""

from __future__ import annotations

from alerts import symptom_cases
from alerts.cases import Case, Check, Firing, Phase, Proof, case, slow_observations
from alerts.share_cases import LONG, Events
from sla import catalogue as c
from sla.budgets import RAW_UP_TO, Sli
from sla.objectives import Promise
from sla.topology import BOOKING_JOB

_ANSWER = {"route": c.ROUTE.values[0], "method": "POST", "code_class": "2xx"}


def events_of(sli: Sli, promise: Promise, *, with_others: bool) -> Events:
    """Return how the events of an objective look; the alert keeps no label of theirs but the objective's own.

    With those that must not count, or without: the tiers of one objective count the same events.
    """
    if sli.slo == "booking_success":
        attempts = symptom_cases.attempts()
        return Events(sli.called, attempts.series, {}, attempts.others if with_others else ())
    over = promise.objectives.api_latency.threshold_seconds
    real = slow_observations(c.API_DURATION, over, job=BOOKING_JOB, traffic="real", **_ANSWER)
    probes = slow_observations(c.API_DURATION, over, job=BOOKING_JOB, traffic="synthetic", **_ANSWER)
    return Events(sli.called, real, {}, others=probes((Phase(1_000, 1_000, LONG),)) if with_others else ())


def half_spent(sli: Sli, promise: Promise) -> tuple[Case, ...]:
    """Return the cases of the note that half of the budget is gone."""
    events = events_of(sli, promise, with_others=False)
    # Per thousand events, so that the share of bad ones is exact.
    budget = int(sli.objective.budget * 1000)
    # The first hour is counted when it is over.
    counted_at = 2 * RAW_UP_TO.seconds
    spent = events.series((Phase(budget, 1000 - budget, LONG),))
    few = int(budget * (1 - promise.alerts.error_budget_left.noted_below) / 2)
    saved = events.series((Phase(few, 1000 - few, LONG),))
    return (
        case(
            "tells of a budget that is spent",
            Proof.FIRES,
            series=spent,
            checks=(Check(counted_at, (Firing(events.labels, {"left": "0%"}),)),),
            interval=promise.timers.month_evaluation_interval,
        ),
        case(
            "says nothing while most of it is left",
            Proof.NOT_EARLY,
            series=saved,
            checks=(Check(counted_at), Check(10 * counted_at)),
            interval=promise.timers.month_evaluation_interval,
        ),
        case("says nothing without a sample", Proof.NO_DATA, checks=(Check(counted_at),)),
    )
