"""How far Cal.com and we agree: what waits, what differs, what was put right."""

from __future__ import annotations

from sla.catalogue.bookings import FAILURE_REASONS
from sla.catalogue.metric import Home, Kind, Label, Metric

# booking_core/domain/discrepancies.py, compared by a test: what is foreign or not yet believed is no inconsistency.
INCONSISTENCY = Label("kind", ("orphan_there", "orphan_here", "mismatch", "stuck"))
REMEDY = Label(
    "action",
    (
        "cancelled_there",
        "cancelled_here",
        "adopted",
        "making_again",
        "settling",
        "left_to_a_person",
        "gone",
        "capped",
        "failed",
    ),
)

SYNC_RUNS = Metric(
    "booking_sync_runs_total",
    Kind.COUNTER,
    "Tries of the job worker to bring a waiting booking, or all of a salon's, to agree with Cal.com.",
    Home.CORE,
)
SYNC_FAILURES = Metric(
    "booking_sync_failures_total",
    Kind.COUNTER,
    "Those of these tries that Cal.com or the database did not let succeed, and bookings that were given up.",
    Home.CORE,
    labels=(Label("reason", FAILURE_REASONS),),
)
INCONSISTENCIES = Metric(
    "booking_inconsistencies_total",
    Kind.COUNTER,
    "Differences between Cal.com and us that two runs saw, by what was done about them.",
    Home.CORE,
    labels=(INCONSISTENCY, REMEDY),
)
SWEPT = Metric(
    "booking_synthetic_swept_total",
    Kind.COUNTER,
    "Synthetic bookings the sweeper had to cancel because their probe did not.",
    Home.CORE,
)
UNKNOWN_OUTCOMES = Metric(
    "booking_unknown_outcomes",
    Kind.GAUGE,
    "Appointments Cal.com may or may not hold; each blocks its slot until settled.",
    Home.SIDECAR,
)
INFLIGHT_OLDEST_AGE = Metric(
    "booking_inflight_oldest_age_seconds",
    Kind.GAUGE,
    "Age of the oldest booking between hold and confirmation; 0 when there is none.",
    Home.SIDECAR,
)
ORPHANS = Metric(
    "booking_orphans",
    Kind.GAUGE,
    "Bookings that live in one world only: two runs of reconciliation saw each, and it is not put right.",
    Home.SIDECAR,
    labels=(Label("kind", ("orphan_there", "orphan_here")),),
)
QUEUE_JOBS = Metric(
    "booking_queue_jobs",
    Kind.GAUGE,
    "Durable jobs by state; those given up raised five times what nobody foresaw, and wait for a person.",
    Home.SIDECAR,
    labels=(Label("state", ("waiting", "running", "given_up")),),
)
SYNC_BACKLOG = Metric(
    "booking_sync_backlog",
    Kind.GAUGE,
    "Appointments taken down while Cal.com was away that still wait to be entered there.",
    Home.SIDECAR,
)
SYNC_BACKLOG_OLDEST_AGE = Metric(
    "booking_sync_backlog_oldest_age_seconds",
    Kind.GAUGE,
    "Age of the oldest appointment that waits for Cal.com, or for word of what Cal.com did; 0 when there is none.",
    Home.SIDECAR,
)
