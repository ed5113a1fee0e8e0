"""The objectives as OpenSLO v1: a common form that other tools read.

Apart from the objects because OpenSLO counts with selectors and knows neither goals nor count guards; what it cannot
say stands in annotations. The other direction is sla/openslo_import.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sla import catalogue as c
from sla import promql, uptime
from sla.budgets import slis, tiers
from sla.catalogue import Metric
from sla.limits import BurnTier
from sla.objectives import LatencyObjective, Promise, SuccessObjective, UptimeObjective

VERSION = "openslo/v1"
OCCURRENCES, TIMESLICES = "Occurrences", "Timeslices"
THRESHOLD, GOAL = "slotwatch/threshold-seconds", "slotwatch/goal-seconds"
# OpenSLO has one window a policy: the short one of a burn alert, and how many bad events it takes, stand beside it.
SHORT, COUNT = "slotwatch/short-window", "slotwatch/least-bad-events"
_SOURCE, _TARGET = "prometheus", "on-call"


@dataclass(frozen=True, slots=True)
class Indicator:
    """What an objective counts, as counters: all events, and either the good or the bad ones."""

    total: str
    good: str = ""
    bad: str = ""
    metrics: tuple[Metric, ...] = ()


def indicators(promise: Promise) -> dict[str, Indicator]:
    """Return what each objective counts, by its key in sla.yaml."""
    objectives = promise.objectives
    attempts = promql.sum_by(promql.selector(c.ATTEMPTS, outcome=promql.Not(c.REFUSED), traffic="real"))
    failed = promql.sum_by(promql.selector(c.ATTEMPTS, outcome=c.FAILED, traffic="real"))
    return {
        "booking_success": Indicator(attempts, bad=failed, metrics=(c.ATTEMPTS,)),
        "journey_latency": _within(c.JOURNEY_DURATION, objectives.journey_latency, traffic="real"),
        "api_latency": _within(c.API_DURATION, objectives.api_latency, traffic="real"),
        "uptime": Indicator(
            f"{promql.sum_by(promql.selector(c.ATTEMPTS, outcome=promql.Not(c.REFUSED)))}"
            f" + {promql.sum_by(promql.selector(c.PROBE_CHECKS))}",
            bad=f"{promql.sum_by(promql.selector(c.ATTEMPTS, outcome=c.FAILED))}"
            f" + {promql.sum_by(promql.selector(c.PROBE_CHECKS, result='failed'))}",
            metrics=(c.ATTEMPTS, c.PROBE_CHECKS),
        ),
    }


def _within(metric: Metric, objective: LatencyObjective, **match: promql.Match) -> Indicator:
    edge = promql.edge(metric, objective.threshold_seconds)
    return Indicator(
        promql.sum_by(promql.selector(metric, suffix="_count", window="", **match)),
        good=promql.sum_by(promql.selector(metric, suffix="_bucket", window="", le=edge, **match)),
        metrics=(metric,),
    )


def documents(promise: Promise) -> Iterator[dict[str, Any]]:
    """Yield every object: the source, the service, whom to tell, the burn policies, and the objectives."""
    yield _object("DataSource", _SOURCE, {"type": "Prometheus", "connectionDetails": {}})
    yield _object("Service", promise.service, {"description": "Appointments made on the telephone by a voice agent."})
    target = {"description": "Whoever is on call.", "target": "alertmanager"}
    yield _object("AlertNotificationTarget", _TARGET, target)
    critical = promise.alerts.error_budget_burn.critical
    for tier in tiers(promise):
        yield _policy(tier, "critical" if tier in critical else "warning")
    for key, indicator in indicators(promise).items():
        yield _slo(key, getattr(promise.objectives, key), indicator, promise)


def _object(kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": VERSION, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def _policy(tier: BurnTier, severity: str) -> dict[str, Any]:
    condition = {
        "severity": severity,
        "condition": {
            "kind": "burnrate",
            "op": "gt",
            "threshold": float(tier.factor),
            "lookbackWindow": str(tier.long),
            "alertAfter": str(tier.for_),
        },
    }
    name = _policy_name(tier)
    spec = {
        "alertWhenBreaching": True,
        "alertWhenResolved": True,
        "alertWhenNoData": False,
        "conditions": [{"kind": "AlertCondition", "metadata": {"name": name}, "spec": condition}],
        "notificationTargets": [{"targetRef": _TARGET}],
    }
    return _object("AlertPolicy", name, spec, annotations={SHORT: str(tier.short), COUNT: str(tier.count)})


def _policy_name(tier: BurnTier) -> str:
    return f"burn-over-{tier.long}"


def _slo(key: str, objective: SuccessObjective, indicator: Indicator, promise: Promise) -> dict[str, Any]:
    name = key.replace("_", "-")
    burns = [tier for tier in tiers(promise) if tier.limits(objective.budget) is not None]
    spec: dict[str, Any] = {
        "description": objective.title,
        "service": promise.service,
        "indicator": {"metadata": {"name": name}, "spec": {"ratioMetric": _ratio(indicator)}},
        "timeWindow": [{"duration": str(objective.window), "isRolling": True}],
        "budgetingMethod": OCCURRENCES,
        "objectives": [{"displayName": objective.title, "target": float(objective.target)}],
    }
    if isinstance(objective, UptimeObjective):
        spec["budgetingMethod"] = TIMESLICES
        spec["objectives"][0] |= {
            "timeSliceTarget": float(1 - objective.failed_ratio),
            "timeSliceWindow": str(uptime.SLICE),
        }
    elif key in {sli.slo for sli in slis(promise)}:
        spec["alertPolicies"] = [{"alertPolicyRef": _policy_name(tier)} for tier in burns]
    return _object("SLO", name, spec, displayName=objective.title, **_annotations(objective))


def _annotations(objective: SuccessObjective) -> dict[str, Any]:
    if not isinstance(objective, LatencyObjective):
        return {}
    limits = {THRESHOLD: f"{objective.threshold_seconds:g}", GOAL: f"{objective.goal_seconds:g}"}
    return {"annotations": limits}


def _ratio(indicator: Indicator) -> dict[str, Any]:
    side = {"good": indicator.good} if indicator.good else {"bad": indicator.bad}
    queries = {**side, "total": indicator.total}
    return {"counter": True, **{name: _metric(query) for name, query in queries.items()}}


def _metric(query: str) -> dict[str, Any]:
    return {"metricSource": {"metricSourceRef": _SOURCE, "type": "Prometheus", "spec": {"query": query}}}
