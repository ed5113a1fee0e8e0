"""The rule groups: which recordings and which alerts Prometheus evaluates together, and how often.

`booking-fast` holds recordings and the alerts that read them in one group, in this order: across groups an alert
would read a sample that is up to one interval old.
"""

from __future__ import annotations

from alerts import burn_rate, causes, disagreement, meta, slowness, symptoms
from alerts.alert import Alert, Group
from sla import budgets, history, recordings, sparse, uptime
from sla.objectives import Promise


def groups(promise: Promise) -> tuple[Group, ...]:
    """Return every rule group, in the order of their urgency."""
    timers = promise.timers
    return (
        # The Watchdog closes the paging group: while it is heard, all that stands before it was evaluated.
        Group(
            "booking-fast",
            timers.fast_evaluation_interval,
            recordings=recordings.fast(promise),
            alerts=(
                *symptoms.paging(promise),
                *slowness.paging(promise),
                *causes.paging(promise),
                meta.canary(promise),
                meta.watchdog(promise),
            ),
        ),
        Group(
            "booking-slow",
            timers.evaluation_interval,
            recordings=recordings.steady(promise),
            alerts=(
                symptoms.low_volume_failures(promise),
                *slowness.warnings(promise),
                *causes.warnings(promise),
                *disagreement.warnings(promise),
                *meta.warnings(promise),
            ),
        ),
        Group(
            "booking-budget",
            timers.budget_evaluation_interval,
            recordings=(*budgets.recordings(promise), *uptime.slices(promise), *history.recordings()),
            alerts=burn_rate.burning(promise),
        ),
        Group(
            "booking-month",
            timers.month_evaluation_interval,
            recordings=(*budgets.month(promise), *uptime.month(promise)),
            alerts=burn_rate.spent(promise),
            reads="booking-budget",
        ),
        Group("booking-sparse", timers.sparse_interval, recordings=sparse.recordings()),
    )


def alerts(promise: Promise) -> tuple[Alert, ...]:
    """Return every alert of every group."""
    return tuple(alert for group in groups(promise) for alert in group.alerts)
