"""The alerts for what a caller feels: bookings fail, the probe cannot book, the service is gone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from alerts import shares, symptom_cases, wording
from alerts.alert import Alert, Board, Category, Component, Severity
from alerts.shares import ShareAlert
from sla import catalogue, promql, recordings
from sla.limits import ShareLimits
from sla.objectives import Promise
from sla.topology import BOOKING_JOB

SERVICE_DOWN = "BookingServiceDown"


def paging(promise: Promise) -> tuple[Alert, ...]:
    """Return those of the fast group, the most telling first."""
    return (
        _success_rate_critical(promise),
        _success_rate_warning(promise),
        _probe_failing(promise),
        _service_down(promise),
    )


def _success_rate_critical(promise: Promise) -> Alert:
    limits = promise.alerts.success_rate.critical
    # Evidence at one failure per scrape; with fewer callers than that, the probe pages first.
    evidence = limits.count * promise.timers.scrape_interval.seconds
    return _success_rate(promise, limits, Severity.CRITICAL, share=Fraction(1), evidence_seconds=evidence)


def _success_rate_warning(promise: Promise) -> Alert:
    both = promise.alerts.success_rate
    between = (Fraction(both.warning.ratio) + Fraction(both.critical.ratio)) / 2
    return _success_rate(promise, both.warning, Severity.WARNING, share=between)


def _success_rate(
    promise: Promise, limits: ShareLimits, severity: Severity, *, share: Fraction, evidence_seconds: float = 0
) -> Alert:
    alert = _failing_bookings(
        promise,
        limits,
        name="BookingSuccessRateLow",
        severity=severity,
        impact="Callers hear that their appointment could not be made, and hang up.",
    )
    return shares.alert(replace(alert, evidence_seconds=evidence_seconds), share=share)


def low_volume_failures(promise: Promise) -> Alert:
    """Return the alert for a salon so quiet that the success rate cannot be believed within minutes."""
    limits = promise.alerts.low_volume_failures
    attempts = recordings.attempts(limits.window).name
    alert = _failing_bookings(
        promise,
        limits,
        name="BookingLowVolumeFailures",
        severity=Severity.WARNING,
        impact="The few who call at this hour are not served, and no page tells of it.",
    )
    slow = promise.timers.evaluation_interval
    return shares.alert(replace(alert, evaluation=slow, only=f"{attempts} < {limits.attempts_below}"))


def _failing_bookings(
    promise: Promise, limits: ShareLimits, *, name: str, severity: Severity, impact: str
) -> ShareAlert:
    return ShareAlert(
        name=name,
        severity=severity,
        category=Category.SYMPTOM,
        component=Component.CORE,
        limits=limits,
        share=recordings.failing(limits.window),
        events=symptom_cases.attempts(),
        of="bookings",
        bad="failed",
        impact=impact,
        board=Board.KPIS,
        scrape=promise.timers.scrape_interval,
        evaluation=promise.timers.fast_evaluation_interval,
    )


def _probe_failing(promise: Promise) -> Alert:
    limits, light = promise.alerts.probe_failing, promise.probe.light
    failures = promql.max_by(promql.selector(catalogue.PROBE_CONSECUTIVE_FAILURES), "job", "probe")
    return Alert(
        name="BookingProbeFailing",
        severity=Severity.CRITICAL,
        category=Category.SYMPTOM,
        component=Component.PROBE,
        expression=f"{failures} >= {limits.consecutive_failures}",
        summary="The {probe} probe cannot use the booking service",
        description=(
            f"{{failures}} runs of the {{probe}} probe failed in a row; critical from {limits.consecutive_failures}."
        ),
        facts={"failures": wording.value_as_count(), "probe": wording.label("probe")},
        impact="What the probe cannot do, a caller most likely cannot do either, even if none has tried yet.",
        board=Board.OPERATIONAL,
        keep_firing=limits.keep_firing_for,
        # The worst start of an outage is just after a good run; the last run then also waits for its timeout.
        evidence_seconds=limits.consecutive_failures * light.period.seconds + light.timeout.seconds,
        cases=symptom_cases.probe_failing(limits, promise.timers),
    )


def _service_down(promise: Promise) -> Alert:
    limits = promise.alerts.service_down
    up, workers = promql.up(BOOKING_JOB), promql.selector(catalogue.WORKERS_LIVE)
    answering, alive = promql.sum_by(up, "job"), promql.sum_by(workers, "job")
    return Alert(
        name=SERVICE_DOWN,
        severity=Severity.CRITICAL,
        category=Category.CAUSE,
        component=Component.CORE,
        # All three leave only the label `job`: when one way of being down follows another, it stays one page.
        expression=promql.any_of(f"{answering} == 0", f"absent({up})", f"{alive} == 0"),
        summary="The booking service is down",
        description=(
            f"For {limits.for_}: {{answering}} of {{targets}} sidecars answer, {{workers}} core workers are alive; "
            "critical when either is 0."
        ),
        facts={
            "answering": wording.counted(promql.sum_by(up)),
            "targets": wording.counted(f"count({up})"),
            "workers": wording.counted(promql.sum_by(workers)),
        },
        impact="No caller can book, change or ask for an appointment, or we are blind to whether they can.",
        board=Board.OPERATIONAL,
        hold=limits.for_,
        cases=symptom_cases.service_down(limits, promise.timers),
    )
