"""The cases of the budget alerts: samples a minute apart, for windows of hours and days."""

from __future__ import annotations

from alerts import symptom_cases
from alerts.cases import Case, Check, Firing, Phase, Proof, case, slow_observations
from alerts.share_cases import LONG, Events
from sla import catalogue as c
from sla.budgets import RAW_UP_TO, Sli
from sla.objectives import LatencyObjective, Promise
from sla.topology import BOOKING_JOB

_MEASURED = {"api_latency": c.API_DURATION, "journey_latency": c.JOURNEY_DURATION}
_LABELS = {
    "api_latency": {"route": c.ROUTE.values[0], "method": "POST", "code_class": "2xx"},
    "journey_latency": {"channel": "voice", "prompt_version": "v2"},
}


def events_of(sli: Sli, promise: Promise, *, with_others: bool) -> Events:
    """Return how the events of an objective look; the alert keeps no label of theirs but the objective's own.

    With those that must not count, or without: the tiers of one objective count the same events.
    """
    if sli.slo == "booking_success":
        attempts = symptom_cases.attempts()
        return Events(sli.called, attempts.series, {}, attempts.others if with_others else ())
    metric, objective, labels = _MEASURED[sli.slo], sli.objective, _LABELS[sli.slo]
    assert isinstance(objective, LatencyObjective)  # noqa: S101 - the others are above
    over = objective.threshold_seconds
    real = slow_observations(metric, over, job=BOOKING_JOB, traffic="real", **labels)
    probes = slow_observations(metric, over, job=BOOKING_JOB, traffic="synthetic", **labels)
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
