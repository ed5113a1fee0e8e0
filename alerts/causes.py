"""The alerts for what makes bookings fail or wait, and tells on-call where to look: Cal.com is away.

Apart from the symptoms: these may be firing while no caller has noticed anything yet.
"""

from __future__ import annotations

from alerts import cause_cases, wording
from alerts.alert import Alert, Board, Category, Component, Severity
from sla import catalogue, promql
from sla.objectives import Promise


def circuit_breaker_open(promise: Promise) -> Alert:
    """Return the alert for a dependency that has been left alone for too long."""
    limits = promise.alerts.circuit_breaker_open
    opened = promql.selector(catalogue.BREAKER_OPENED)
    return Alert(
        name="CircuitBreakerOpen",
        severity=Severity.CRITICAL,
        category=Category.CAUSE,
        component=Component.CALCOM,
        # Not the one-hot state with `for`: every trial makes the circuit half-open for a moment and would restart it.
        expression=f"{promql.max_by(f'time() - ({opened} > 0)', 'job', 'name')} > {limits.open_for.seconds:g}",
        summary="The circuit to {name} does not close",
        description=(
            f"The circuit to {{name}} has not been closed for {{seconds}} s; critical after {limits.open_for}."
        ),
        facts={"name": wording.label("name"), "seconds": wording.value_as_count()},
        impact="New bookings are taken down and wait for Cal.com; callers hear only that we will confirm.",
        board=Board.OPERATIONAL,
        keep_firing=limits.keep_firing_for,
        # The scrape that sees the opening falls into this time, so the sum of all stages is more than ever passes.
        evidence_seconds=limits.open_for.seconds,
        cases=cause_cases.circuit_breaker_open(limits, promise.timers),
    )
