"""What an alert and a rule group are: frozen data, plus the labels and links every alert gets.

Apart from the alerts themselves so that no alert can be written without owner, severity, evidence and cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alerts.cases import Case
from sla.objectives import Promise
from sla.quantities import Duration
from sla.recordings import Recording


class Severity(StrEnum):
    """Who must act, and when."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    NONE = "none"


class Category(StrEnum):
    """What kind of truth the alert states.

    What the customer feels, why, how long the promise will hold, whether we can see at all, or only that it happened.
    """

    SYMPTOM = "symptom"
    CAUSE = "cause"
    BUDGET = "budget"
    META = "meta"
    INFO = "info"


class Component(StrEnum):
    """The part of the system to look at first."""

    CORE = "core"
    CALCOM = "calcom"
    DATABASE = "database"
    CACHE = "cache"
    PROBE = "probe"
    MONITORING = "monitoring"


class Board(StrEnum):
    """The dashboards an alert may link to, by uid."""

    KPIS = "booking-kpis"
    PERFORMANCE = "booking-performance"
    OPERATIONAL = "booking-operational"
    SLO = "booking-slo"
    MONITORING = "booking-monitoring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alerting rule with everything a page and its proof need.

    `{name}` fields in summary and description are facts: Go templates in the rule, words in a case's expectation.
    """

    name: str
    severity: Severity
    category: Category
    component: Component
    expression: str
    summary: str
    description: str
    impact: str
    board: Board
    cases: tuple[Case, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    hold: Duration | None = None
    keep_firing: Duration | None = None
    # Samples the condition needs before a total failure makes it true, beyond one scrape; None for what is known only
    # after minutes, by its nature: it makes no promise about the time to page.
    evidence_seconds: float | None = 0
    # Labels of this alert alone; their values must be few and known.
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Rules evaluated together and in this order: first the recordings, then the alerts that read them."""

    name: str
    interval: Duration
    recordings: tuple[Recording, ...] = ()
    alerts: tuple[Alert, ...] = ()
    # Another group whose recordings this one reads, though they may be as old as that group's interval.
    reads: str | None = None


def labels_of(alert: Alert, promise: Promise) -> dict[str, str]:
    """Return the closed label set; values, ids and addresses belong in annotations, or every change is a new alert."""
    return {
        **alert.marks,
        "category": alert.category.value,
        "component": alert.component.value,
        "service": promise.service,
        "severity": alert.severity.value,
        "team": promise.team,
    }


def annotations_of(alert: Alert, promise: Promise, facts: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what the person on call reads, with the two links that no alert may lack."""
    words = alert.facts if facts is None else facts
    return {
        "summary": alert.summary.format_map(words),
        "description": alert.description.format_map(words),
        "impact": alert.impact,
        "runbook_url": runbook_url(alert.name, promise),
        "dashboard_url": f"{promise.dashboard_base_url}/{alert.board}?from=now-1h&to=now",
    }


def runbook_url(alertname: str, promise: Promise) -> str:
    """Return the address of runbooks/<alertname>.md."""
    return f"{promise.runbook_base_url}/{alertname}.md"
