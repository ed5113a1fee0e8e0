"""SLO and error budget: is the month's promise kept, how much may still go wrong, and how fast does it go?"""

from __future__ import annotations

from decimal import Decimal

from dashboards import queries as q
from dashboards.board import Board, Row
from dashboards.layout import COLUMNS
from dashboards.panels import Caption, Look, Panel, stat, timeseries
from dashboards.scales import GREEN, ORANGE, RED, SHARE, YELLOW, Step, falling
from sla import budgets, uptime
from sla.budgets import Sli
from sla.objectives import Promise

HALF, THIRD, QUARTER = COLUMNS // 2, COLUMNS // 3, COLUMNS // 4


def board(promise: Promise) -> Board:
    slis = budgets.slis(promise)
    return Board(
        uid="booking-slo",
        title="SLO & error budget",
        description="Whether the promise is kept over its whole window, what is left of the budget, what burns it.",
        rows=(
            Row("The promise, over its whole window", (*(_kept(sli) for sli in slis), _uptime(promise))),
            Row("What may still go wrong", (*(_left(sli, promise) for sli in slis), _left_over_time(slis, promise))),
            Row("How fast it goes", tuple(_pace(sli, promise) for sli in slis)),
            Row("What burned it", (_bad_events(slis), _slices(promise))),
        ),
    )


def _kept(sli: Sli) -> Panel:
    objective = sli.objective
    caption = Caption(
        objective.title,
        f"Share of all real events of {objective.window} that were good, counted and divided once. "
        f"Target {_percent(objective.target)}.",
        SHARE,
        alert="BookingErrorBudgetBurn",
    )
    ratio = q.judged(budgets.error_ratio(sli, objective.window), "good", form="1 - {}")
    return stat(caption, q.now(ratio), steps=falling(Step(float(objective.target), GREEN)), decimals=3, width=QUARTER)


def _uptime(promise: Promise) -> Panel:
    objective = promise.objectives.uptime
    caption = Caption(
        objective.title,
        f"Share of the minutes of {objective.window} in which at most {objective.failed_ratio:.0%} of what callers and "
        f"probes tried failed; minutes without any try do not count. Target {_percent(objective.target)}.",
        SHARE,
    )
    query = q.now(q.judged(uptime.kept(promise), "good minutes"))
    return stat(caption, query, steps=falling(Step(float(objective.target), GREEN)), decimals=3, width=QUARTER)


def _left(sli: Sli, promise: Promise) -> Panel:
    limits = promise.alerts.error_budget_left
    caption = Caption(
        f"Budget left: {sli.called}",
        f"Share of what may go wrong in the window that has not gone wrong yet. Below {limits.noted_below:.0%}, "
        "reliability work comes first; below 0, the promise is broken.",
        SHARE,
        alert="ErrorBudgetHalfSpent",
    )
    steps = falling(Step(0, ORANGE), Step(float(limits.scarce_below), YELLOW), Step(float(limits.noted_below), GREEN))
    return stat(caption, q.now(q.judged(budgets.budget_left(sli), "left")), steps=steps, decimals=1, width=QUARTER)


def _left_over_time(slis: tuple[Sli, ...], promise: Promise) -> Panel:
    caption = Caption(
        "Budget left over time",
        "A step down is an incident; a slope is a leak. It grows as bad days leave the window.",
        SHARE,
        alert="ErrorBudgetHalfSpent",
    )
    queries = [q.judged(budgets.budget_left(sli), sli.called) for sli in slis]
    lines = (Step(float(promise.alerts.error_budget_left.noted_below), YELLOW), Step(0, RED))
    return timeseries(caption, *queries, lines=lines, look=Look(width=QUARTER))


def _pace(sli: Sli, promise: Promise) -> Panel:
    burn = promise.alerts.error_budget_burn
    caption = Caption(
        f"Pace: {sli.called}",
        "How many times too fast the budget goes; at 1 it lasts exactly as long as its window. Lines: from where "
        "on-call is paged, and the team warned.",
        "none",
        alert="BookingErrorBudgetBurn",
    )
    windows = sorted({tier.long for tier in budgets.tiers(promise)})
    queries = [
        q.judged(budgets.error_ratio(sli, window), f"over {window}", form=f"{{}} / {sli.objective.budget}")
        for window in windows
    ]
    lines = (
        *(Step(float(tier.factor), ORANGE) for tier in reversed(burn.warning)),
        *(Step(float(tier.factor), RED) for tier in reversed(burn.critical)),
    )
    return timeseries(caption, *queries, lines=lines, look=Look(width=THIRD))


def _bad_events(slis: tuple[Sli, ...]) -> Panel:
    caption = Caption("Bad events an hour", "What burned the budget, counted over the hour before.", "short")
    queries = [q.judged(budgets.bad_events(sli, budgets.RAW_UP_TO), sli.called) for sli in slis]
    return timeseries(caption, *queries, look=Look(width=HALF))


def _slices(promise: Promise) -> Panel:
    caption = Caption(
        "Good and bad minutes",
        "1 while the service could be used, 0 while it could not; a gap means that nobody tried or nobody looked.",
        "short",
        alert="BookingServiceDown",
    )
    return timeseries(caption, q.judged(uptime.good(promise.objectives.uptime), "good"), look=Look(width=HALF))


def _percent(target: Decimal) -> str:
    return f"{(target * 100).normalize():f} %"
