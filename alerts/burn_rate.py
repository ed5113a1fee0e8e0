"""The alerts on the error budget: it burns too fast, or half of it is gone.

Slow by nature: they see the leak that no minute shows. The symptoms page on what a minute shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alerts import share_cases, wording
from alerts.alert import Alert, Board, Category, Component, Severity
from alerts.burn_cases import events_of, half_spent
from sla import budgets, promql
from sla.budgets import Sli
from sla.limits import BurnTier, ShareLimits
from sla.objectives import Promise


def burning(promise: Promise) -> tuple[Alert, ...]:
    """Return the alerts on the pace of every objective, the fastest tier first."""
    return tuple(alert for sli in budgets.slis(promise) for alert in _of_sli(sli, promise))


def spent(promise: Promise) -> tuple[Alert, ...]:
    """Return the notes on what is left of every objective's budget."""
    return tuple(_half_spent(sli, promise) for sli in budgets.slis(promise))


def _of_sli(sli: Sli, promise: Promise) -> Iterator[Alert]:
    burn = promise.alerts.error_budget_burn
    for severity, tiers in ((Severity.CRITICAL, burn.critical), (Severity.WARNING, burn.warning)):
        for tier in tiers:
            limits = tier.limits(sli.objective.budget)
            if limits is not None:
                yield _burn(sli, tier, limits, severity, promise)


def _burn(sli: Sli, tier: BurnTier, limits: ShareLimits, severity: Severity, promise: Promise) -> Alert:
    long, short = (budgets.of(budgets.error_ratio(sli, window)) for window in (tier.long, tier.short))
    bad = budgets.of(budgets.bad_events(sli, tier.short))
    left = f"clamp_min({budgets.of(budgets.budget_left(sli))}, 0)"
    # What is left, divided by how fast it goes.
    seconds_left = f"{left} * {sli.objective.window.seconds:g} * {sli.objective.budget} / ({long} > 0)"
    return Alert(
        name="BookingErrorBudgetBurn",
        severity=severity,
        category=Category.BUDGET,
        component=Component.CORE,
        marks={"slo": sli.slo, "window": str(tier.long)},
        expression=promql.all_of(
            f"{long} > {limits.ratio}", f"{short} > {limits.ratio}", promql.at_least(bad, tier.count)
        ),
        summary=f"{sli.objective.title}: the error budget burns {tier.factor} times too fast",
        description=(
            f"{{bad}} of {{all}} in {tier.short} were {sli.called}, {{share}} in {tier.long}; {severity} above "
            f"{wording.share(float(limits.ratio))} in both and from {tier.count}. "
            "Left of the budget: {left}, gone in {gone} at this pace."
        ),
        facts={
            "bad": wording.counted(bad),
            "all": wording.counted(budgets.of(budgets.events(sli, tier.short))),
            "share": wording.value_as_share(),
            "left": wording.queried(left, "humanizePercentage"),
            "gone": wording.queried(seconds_left, "humanizeDuration"),
        },
        impact=f"At this pace the promise of {sli.objective.target:.0%} over {sli.objective.window} will be broken.",
        board=Board.SLO,
        hold=tier.for_,
        keep_firing=tier.keep_firing_for,
        evidence_seconds=None,
        cases=share_cases.cases(
            events_of(sli, promise, with_others=_is_fastest(tier, promise)),
            limits,
            share=share_cases.ALL,
            # A sample for every evaluation is enough: the windows are hours and days.
            scrape=promise.timers.budget_evaluation_interval,
            evaluation=promise.timers.budget_evaluation_interval,
            counted_every=budgets.step(tier.long),
            facts=_words(tier, promise),
        ),
    )


def _words(tier: BurnTier, promise: Promise) -> Mapping[str, str] | None:
    """Return what a case expects beside the counts; None for all but the tier that is alone in firing when it does."""
    # The month is judged by another group, which its cases do not load.
    return {"left": "unknown", "gone": "unknown"} if _is_fastest(tier, promise) else None


def _is_fastest(tier: BurnTier, promise: Promise) -> bool:
    return tier == promise.alerts.error_budget_burn.critical[0]


def _half_spent(sli: Sli, promise: Promise) -> Alert:
    left, limit = budgets.of(budgets.budget_left(sli)), promise.alerts.error_budget_left.noted_below
    return Alert(
        name="ErrorBudgetHalfSpent",
        severity=Severity.INFO,
        category=Category.INFO,
        component=Component.CORE,
        marks={"slo": sli.slo},
        expression=f"{left} < {limit}",
        summary=f"{sli.objective.title}: less than {limit:.0%} of the error budget is left",
        description=f"{{left}} of the budget of {sli.objective.window} is left.",
        facts={"left": wording.value_as_share()},
        impact="None yet; reliability work comes before new features until it recovers.",
        board=Board.SLO,
        cases=half_spent(sli, promise),
    )
