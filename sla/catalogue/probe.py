"""The synthetic probe."""

from __future__ import annotations

from sla.catalogue.bookings import JOURNEY_EDGES
from sla.catalogue.metric import Home, Kind, Label, Metric

PROBE = Label("probe", ("light", "full"))
VERDICT = Label("verdict", ("pass", "fail", "inconclusive"))

PROBE_CONSECUTIVE_FAILURES = Metric(
    "booking_probe_consecutive_failures",
    Kind.GAUGE,
    "Failed runs of the probe since its last good one.",
    Home.PROBE,
    labels=(PROBE,),
)
PROBE_DURATION = Metric(
    "booking_probe_duration_seconds",
    Kind.HISTOGRAM,
    "Booking journeys of the probe: measured server time plus modelled conversation; a failed journey counts as +Inf.",
    Home.PROBE,
    buckets=JOURNEY_EDGES,
)
PROBE_RUNS = Metric("booking_probe_runs_total", Kind.COUNTER, "Verdicts of the probe.", Home.PROBE, labels=(VERDICT,))
PROBE_CHECKS = Metric(
    "booking_probe_checks_total",
    Kind.COUNTER,
    "Single checks and journeys of the probe.",
    Home.PROBE,
    labels=(PROBE, Label("result", ("ok", "failed"))),
)
PROBE_P95 = Metric("booking_probe_p95_seconds", Kind.GAUGE, "P95 journey of the last verdict.", Home.PROBE)
PROBE_UPPER_BOUND = Metric(
    "booking_probe_p95_upper_bound_seconds",
    Kind.GAUGE,
    "One-sided 95 % upper bound of that P95.",
    Home.PROBE,
)
PROBE_SAMPLES = Metric("booking_probe_samples", Kind.GAUGE, "Journeys behind the last verdict.", Home.PROBE)
PROBE_LAST_RUN = Metric(
    "booking_probe_last_run_timestamp_seconds",
    Kind.GAUGE,
    "When the probe last finished a check.",
    Home.PROBE,
    labels=(PROBE,),
)
PROBE_SCHEDULE_LAG = Metric(
    "booking_probe_schedule_lag_seconds",
    Kind.GAUGE,
    "How late the generator started its worst arrival of the last verdict run (99th percentile).",
    Home.PROBE,
)
PROBE_ORPHANS = Metric(
    "booking_probe_orphan_bookings", Kind.GAUGE, "Synthetic bookings the probe could not cancel.", Home.PROBE
)
