"""The form of every alert on a share: so many of so many are bad, and enough of them to believe it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from alerts import share_cases, wording
from alerts.alert import Alert, Board, Category, Component, Severity
from alerts.share_cases import Events
from sla import promql
from sla.limits import ShareLimits
from sla.quantities import Duration
from sla.recordings import Share


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareAlert:
    """What differs from one such alert to the next; `bad` says in words what a bad event is."""

    name: str
    severity: Severity
    category: Category
    component: Component
    limits: ShareLimits
    share: Share
    # The share in the short window, where the limits have one.
    short: Share | None = None
    events: Events
    bad: str
    of: str
    impact: str
    board: Board
    scrape: Duration
    evaluation: Duration
    evidence_seconds: float | None = None
    # A further condition, in PromQL.
    only: str | None = None
    # Whether the limits count all events, not the bad ones, as evidence.
    counts_all: bool = False


def alert(form: ShareAlert, *, share: Fraction = Fraction(1)) -> Alert:
    """Return the alert; its cases make this share of the events bad."""
    limits, counted = form.limits, form.short or form.share
    conditions = [f"{form.share.ratio.name} > {limits.ratio}"]
    if form.short is not None:
        conditions.append(f"{form.short.ratio.name} > {limits.ratio}")
    evidence = counted.all if form.counts_all else counted.bad
    conditions.append(promql.at_least(evidence.name, limits.count))
    if form.only is not None:
        conditions.append(form.only)
    part = wording.share(float(limits.ratio))
    return Alert(
        name=form.name,
        severity=form.severity,
        category=form.category,
        component=form.component,
        expression=promql.all_of(*conditions),
        summary=f"More than {part} of {form.of} {form.bad}",
        description=(
            f"{{bad}} of {{all}} {form.of} {form.bad} in {limits.evidence_window} ({{share}} in {limits.window}); "
            f"{form.severity} above {part} and from {limits.count}{' of them' if form.counts_all else ''}."
        ),
        facts={
            "bad": wording.counted(counted.bad.name),
            "all": wording.counted(counted.all.name),
            "share": wording.value_as_share(),
        },
        impact=form.impact,
        board=form.board,
        hold=limits.for_,
        keep_firing=limits.keep_firing_for,
        evidence_seconds=form.evidence_seconds,
        cases=share_cases.cases(form.events, limits, share=share, scrape=form.scrape, evaluation=form.evaluation),
    )
