"""The alerts for what Cal.com and we do not agree upon: bookings in one world only, jobs that cannot settle them."""

from __future__ import annotations

from alerts import disagreement_cases, wording
from alerts.alert import Alert, Board, Category, Component, Severity
from sla import catalogue, promql
from sla.objectives import Promise


def warnings(promise: Promise) -> tuple[Alert, ...]:
    """Return those of the slow group."""
    return (_orphaned_bookings(promise), _sync_failure_spike(promise))


def _orphaned_bookings(promise: Promise) -> Alert:
    """Return the alert for bookings that one of the two worlds does not know, and reconciliation cannot put right."""
    limits = promise.alerts.orphaned_bookings
    orphans = promql.sum_by(promql.selector(catalogue.ORPHANS), "job")
    made = promql.increase(catalogue.ATTEMPTS, str(limits.window), outcome=catalogue.GOOD_OUTCOMES)
    bookings = promql.sum_by(made, "job")
    allowed = wording.share(float(limits.ratio))
    return Alert(
        name="OrphanedBookings",
        severity=Severity.WARNING,
        category=Category.CAUSE,
        component=Component.CORE,
        # A product and not a ratio: an orphan on a day without bookings is an orphan all the same.
        expression=promql.all_of(promql.at_least(orphans, 1), f"{orphans} > {limits.ratio} * {bookings}"),
        summary=f"More than {allowed} of bookings live only here or only at Cal.com",
        description=(
            f"{{orphans}} bookings are orphaned, beside {{bookings}} made in {limits.window}; reconciliation has not "
            f"put them right for {limits.for_}. Warning above {allowed}."
        ),
        facts={"orphans": wording.value_as_count(), "bookings": wording.counted(promql.sum_by(made))},
        impact="A customer comes to a salon that does not expect them, or a chair stays empty for nobody.",
        board=Board.OPERATIONAL,
        hold=limits.for_,
        keep_firing=limits.keep_firing_for,
        cases=disagreement_cases.orphaned_bookings(limits, promise.timers),
    )


def _sync_failure_spike(promise: Promise) -> Alert:
    """Return the alert for jobs that suddenly fail to bring bookings to agree with Cal.com."""
    limits = promise.alerts.sync_failures
    window, usual, metric = str(limits.window), str(limits.usual), catalogue.SYNC_FAILURES
    now, before = promql.rate(metric, window), promql.rate_before(metric, usual, ago=window)
    more = f"{promql.sum_by(now, 'job')} > {limits.times_usual:g} * {promql.sum_by(before, 'job')}"
    return Alert(
        name="SyncFailureSpike",
        severity=Severity.WARNING,
        category=Category.CAUSE,
        component=Component.CALCOM,
        expression=promql.all_of(
            promql.at_least(promql.sum_by(promql.increase(metric, window), "job"), limits.count), more
        ),
        summary="Jobs suddenly fail to bring bookings to agree with Cal.com",
        description=(
            f"{{count}} tries failed in {window}, more than {limits.times_usual:g} times as often as in the {usual} "
            f"before; warning from {limits.count}."
        ),
        facts={"count": wording.value_as_count()},
        impact="Callers who were told that we will confirm wait; what the salon changes at Cal.com is not seen here.",
        board=Board.OPERATIONAL,
        keep_firing=limits.keep_firing_for,
        cases=disagreement_cases.sync_failure_spike(limits, promise.timers),
    )
