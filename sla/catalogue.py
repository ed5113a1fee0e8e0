"""Every metric the project publishes: name, kind, help, unit, closed label values, bucket edges.

Instruments, PromQL, panels and the reference page are made from these objects, so a name is typed only here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product


class Kind(StrEnum):
    """What a sample means; decides which PromQL functions are lawful."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Home(StrEnum):
    """The process that publishes the metric."""

    CORE = "core"
    SIDECAR = "sidecar"
    PROBE = "probe"
    ONCALL = "oncall"


@dataclass(frozen=True, slots=True)
class Label:
    """A label and all its values; `values=()` marks one that code cannot enumerate (a version, a slot)."""

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. Histograms carry their bucket edges in the metric's own unit."""

    name: str
    kind: Kind
    help: str
    home: Home
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()
    # Only where not every combination of label values can occur.
    combinations: tuple[tuple[str, ...], ...] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def label(self, name: str) -> Label:
        return next(label for label in self.labels if label.name == name)

    def children(self) -> Iterator[Mapping[str, str]]:
        """Yield the label sets to create at start: the first failure must be an increase from 0, not a new series."""
        combinations = self.combinations or product(*(label.values for label in self.labels))
        for values in combinations:
            yield dict(zip(self.label_names, values, strict=True))


TRAFFIC = Label("traffic", ("real", "synthetic"))
UNKNOWN_PROMPT = "unknown"
PROMPT_VERSION = Label("prompt_version", ("v1", "v2", UNKNOWN_PROMPT))
CHANNEL = Label("channel", ("voice", "api"))
OUTCOME = Label("outcome", ("confirmed", "queued", "failed", "refused"))
GOOD_OUTCOMES = ("confirmed", "queued")
FAILED = "failed"
REFUSED = "refused"
NO_REASON = "none"

# The reason codes of booking_core/domain/errors.py, compared by a test: refusals are the caller's, failures are ours.
REFUSAL_REASONS = (
    "invalid_request",
    "invalid_customer",
    "unclear",
    "unknown_service",
    "unknown_staff",
    "time_not_bookable",
    "slot_taken",
    "too_many_bookings",
    "unknown_appointment",
    "called_off",
    "declined",
    "cancellation_refused",
    "move_refused",
    "appointment_busy",
    "request_in_flight",
    "idempotency_key_reused",
)
FAILURE_REASONS = (
    "calcom_unavailable",
    "calcom_rate_limited",
    "calcom_rejected",
    "calcom_outcome_unknown",
    "slot_lost",
    "expired",
    "database_unavailable",
    "internal_error",
)
REASON = Label("reason", (NO_REASON, *REFUSAL_REASONS, *FAILURE_REASONS))

METHOD_OF_ROUTE = {
    "/v1/bookings": "POST",
    "/v1/bookings/{appointment_id}/cancel": "POST",
    "/v1/bookings/{appointment_id}/reschedule": "POST",
    "/v1/availability": "GET",
    "/v1/retell/{tenant}/functions": "POST",
    "/v1/retell/{tenant}/inbound": "POST",
}
ROUTE = Label("route", tuple(METHOD_OF_ROUTE))
METHOD = Label("method", ("GET", "POST"))
CODE_CLASS = Label("code_class", ("2xx", "4xx", "5xx"))
STEP = Label("step", ("validate", "resolve_customer", "resolve_service", "hold", "calcom", "confirm"))
OPERATION = Label("operation", ("slots", "create", "get", "list", "cancel", "reschedule", "me", "event_types"))
CALL_KIND = Label("kind", ("successful", "failed", "ignored", "not_permitted"))
ANSWER_KIND = Label("kind", ("successful", "failed", "ignored"))
BREAKER = Label("name", ("calcom",))
BREAKER_STATES = ("closed", "open", "half_open")
BREAKER_STATE = Label("to", BREAKER_STATES)
EVENT = Label(
    "event",
    (
        "AppointmentBookingInitiated",
        "AppointmentBooked",
        "AppointmentBookingFailed",
        "AppointmentMoved",
        "AppointmentRescheduled",
        "AppointmentReschedulingFailed",
        "AppointmentCancelled",
        "AppointmentCancellationRefused",
        "CalcomBookingCreated",
        "CalcomSyncRequired",
        "CallMeasured",
        "WebhookReceived",
        "WebhookProcessed",
        "InconsistencyDetected",
    ),
)
LISTENER = Label(
    "listener",
    (
        "log_booking_metrics",
        "log_inconsistency",
        "notify_admin_on_sync_failure",
        "log_lifecycle",
        "invalidate_appointment_cache",
        "update_customer_engagement_score",
        "send_booking_confirmation_email",
        "send_booking_regret_email",
        "send_moved_email",
        "send_called_off_email",
        "send_cancellation_refused_email",
        "send_rescheduled_email",
        "send_not_rescheduled_email",
    ),
)
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
NOTIFICATION = Label(
    "kind",
    (
        "confirmation_email",
        "regret_email",
        "moved_email",
        "cancellation_email",
        "cancellation_refused_email",
        "admin_email",
    ),
)
NOTIFICATION_RESULT = Label("result", ("sent", "postponed", "failed", "obsolete"))
CACHE = Label("cache", ("user", "service", "phone", "availability"))
CACHE_HIT, CACHE_MISS = "hit", "miss"
# What Redis answered; with `error` it did not.
CACHE_ANSWERS = (CACHE_HIT, CACHE_MISS)
CACHE_RESULT = Label("result", (*CACHE_ANSWERS, "error"))
DB_ERROR = Label("kind", ("connect", "pool_exhausted", "lost"))
COLLECTOR = Label(
    "collector", ("metric_files", "workers", "database", "cache", "breaker", "exemplars", "pushes", "build")
)
SLOT = Label("slot")
PROBE = Label("probe", ("light", "full"))
VERDICT = Label("verdict", ("pass", "fail", "inconclusive"))
SEVERITY = Label("severity", ("critical", "warning", "info", "none"))

# 1.5 and 2.0 are alert thresholds, 45 and 50 the journey's goal and limit: between two edges nothing can be measured.
API_EDGES = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 10.0)
JOURNEY_EDGES = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 60.0, 75.0, 90.0, 120.0, 150.0)
# 5 is the promise for one turn of the agent.
TURN_EDGES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 20.0)
CALCOM_EDGES = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 8.0, 10.0, 20.0, 30.0)
STEP_EDGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
QUERY_COUNT_EDGES = (2.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 25.0, 50.0)
DELAY_EDGES = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
# What each source sends that we act upon; `other` is everything else, and what was not signed.
WEBHOOK_EVENTS = {
    "calcom": (
        "BOOKING_CREATED",
        "BOOKING_REQUESTED",
        "BOOKING_RESCHEDULED",
        "BOOKING_CANCELLED",
        "BOOKING_REJECTED",
        "other",
    ),
    "retell": ("call_started", "call_ended", "call_analyzed", "other"),
}
WEBHOOK_RESULTS = ("applied", "unchanged", "imported", "ignored", "failed", "duplicate", "refused")
DELIVERY_EDGES = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0)


def _is_possible(source: str, event: str, result: str) -> bool:
    """Of what is not signed nothing is read, nothing unknown is acted upon, and only bookings are imported."""
    match result:
        case "refused":
            return event == "other"
        case "ignored" | "duplicate" | "failed":
            return True
        case "imported":
            return event != "other" and source == "calcom"
        case _:
            return event != "other"


def _webhook_combinations() -> tuple[tuple[str, ...], ...]:
    return tuple(
        (source, event, result)
        for source, events in WEBHOOK_EVENTS.items()
        for event in events
        for result in WEBHOOK_RESULTS
        if _is_possible(source, event, result)
    )


def _attempt_combinations() -> tuple[tuple[str, ...], ...]:
    reasons = {"refused": REFUSAL_REASONS, "failed": FAILURE_REASONS}
    return tuple(
        (outcome, reason, channel, traffic)
        for outcome in OUTCOME.values
        for reason in reasons.get(outcome, (NO_REASON,))
        for channel in CHANNEL.values
        for traffic in TRAFFIC.values
    )


ATTEMPTS = Metric(
    "booking_attempts_total",
    Kind.COUNTER,
    "Booking attempts by how they ended. Refusals (such as a taken slot) are the caller's and count in no ratio.",
    Home.CORE,
    labels=(OUTCOME, REASON, CHANNEL, TRAFFIC),
    combinations=_attempt_combinations(),
)
API_DURATION = Metric(
    "booking_api_request_duration_seconds",
    Kind.HISTOGRAM,
    "Time to answer one HTTP request, measured at the core.",
    Home.CORE,
    labels=(ROUTE, METHOD, CODE_CLASS, TRAFFIC),
    buckets=API_EDGES,
    combinations=tuple(
        (route, method, code_class, traffic)
        for route, method in METHOD_OF_ROUTE.items()
        for code_class in CODE_CLASS.values
        for traffic in TRAFFIC.values
    ),
)
STEP_DURATION = Metric(
    "booking_step_duration_seconds",
    Kind.HISTOGRAM,
    "Time spent in one step of the booking saga.",
    Home.CORE,
    labels=(STEP,),
    buckets=STEP_EDGES,
)
DB_QUERIES_PER_BOOKING = Metric(
    "booking_db_queries_per_booking",
    Kind.HISTOGRAM,
    "SQL statements sent for one booking attempt.",
    Home.CORE,
    buckets=QUERY_COUNT_EDGES,
)
DB_QUERY_DURATION = Metric(
    "booking_db_query_duration_seconds",
    Kind.HISTOGRAM,
    "Time of one SQL statement, by its verb.",
    Home.CORE,
    labels=(Label("statement", ("select", "insert", "update", "delete", "other")),),
    buckets=STEP_EDGES,
)
DB_CONNECTION_ERRORS = Metric(
    "booking_db_connection_errors_total",
    Kind.COUNTER,
    "Database connections that could not be had or were lost in use.",
    Home.CORE,
    labels=(DB_ERROR,),
)
CACHE_REQUESTS = Metric(
    "booking_cache_requests_total",
    Kind.COUNTER,
    "Questions for remembered things. A `miss` was loaded and remembered; `error`: Redis could not be asked.",
    Home.CORE,
    labels=(CACHE, CACHE_RESULT),
)
CALCOM_DURATION = Metric(
    "booking_calcom_request_duration_seconds",
    Kind.HISTOGRAM,
    "Time Cal.com took to answer, or we took to give up.",
    Home.CORE,
    labels=(OPERATION, ANSWER_KIND),
    buckets=CALCOM_EDGES,
)
CALCOM_CALLS = Metric(
    "booking_calcom_calls_total",
    Kind.COUNTER,
    "Requests to Cal.com. `ignored` say nothing about its health (4xx, 429); `not_permitted` were not sent, for the "
    "circuit was open or the key's allowance used up.",
    Home.CORE,
    labels=(OPERATION, CALL_KIND),
)
CALCOM_RETRIES = Metric("booking_calcom_retries_total", Kind.COUNTER, "Repeated requests to Cal.com.", Home.CORE)
BREAKER_TRANSITIONS = Metric(
    "booking_circuit_breaker_transitions_total",
    Kind.COUNTER,
    "Circuits that opened, half-opened or closed, counted by the worker whose call moved them.",
    Home.CORE,
    labels=(BREAKER, BREAKER_STATE),
)
BREAKER_FALLBACKS = Metric(
    "booking_circuit_breaker_fallbacks_total",
    Kind.COUNTER,
    "Times a worker had to judge alone because Redis did not answer.",
    Home.CORE,
)
CONFIRMATION_DELAY = Metric(
    "booking_confirmation_delay_seconds",
    Kind.HISTOGRAM,
    "Time from a booking that Cal.com did not take at once to its confirmation.",
    Home.CORE,
    buckets=DELAY_EDGES,
)
JOURNEY_DURATION = Metric(
    "booking_journey_duration_seconds",
    Kind.HISTOGRAM,
    "Time from the start of a call until the agent had said that the booking is confirmed, by the call's own clock.",
    Home.CORE,
    labels=(CHANNEL, PROMPT_VERSION, TRAFFIC),
    buckets=JOURNEY_EDGES,
    # Only a call has a start.
    combinations=tuple(("voice", *rest) for rest in product(PROMPT_VERSION.values, TRAFFIC.values)),
)
AGENT_TURN_DURATION = Metric(
    "booking_agent_turn_duration_seconds",
    Kind.HISTOGRAM,
    "Time a caller waited, in one turn of a call, for the agent to speak.",
    Home.CORE,
    labels=(PROMPT_VERSION, TRAFFIC),
    buckets=TURN_EDGES,
)
WEBHOOKS = Metric(
    "booking_webhooks_total",
    Kind.COUNTER,
    "Webhooks of Cal.com and Retell by what became of them; `refused` were not signed with the salon's key.",
    Home.CORE,
    labels=(
        Label("source", tuple(WEBHOOK_EVENTS)),
        Label("event", tuple(dict.fromkeys(event for events in WEBHOOK_EVENTS.values() for event in events))),
        Label("result", WEBHOOK_RESULTS),
    ),
    combinations=_webhook_combinations(),
)
NOTIFICATIONS = Metric(
    "booking_notifications_total",
    Kind.COUNTER,
    "Letters tried, to customers and the administrator. Postponed ones come again; obsolete ones were true no more.",
    Home.CORE,
    labels=(NOTIFICATION, NOTIFICATION_RESULT),
)
EVENTS = Metric("booking_events_total", Kind.COUNTER, "Domain events published.", Home.CORE, labels=(EVENT,))
LISTENER_FAILURES = Metric(
    "booking_listener_failures_total",
    Kind.COUNTER,
    "Listeners that raised; the booking itself was not touched.",
    Home.CORE,
    labels=(LISTENER,),
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
UNEXPECTED_ERRORS = Metric(
    "booking_unexpected_errors_total",
    Kind.COUNTER,
    "Errors that have no name in the domain, each logged once or more with its traceback.",
    Home.CORE,
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
EXEMPLARS_LOST = Metric(
    "booking_exemplars_lost_total",
    Kind.COUNTER,
    "Exemplars that the sidecar did not take at once; the observation itself is counted.",
    Home.CORE,
)
BUILD_INFO = Metric(
    "booking_build_info",
    Kind.GAUGE,
    "Always 1; the label tells the running version.",
    Home.SIDECAR,
    labels=(Label("version"),),
)

DB_UP = Metric("booking_db_up", Kind.GAUGE, "1 while the sidecar can query the database.", Home.SIDECAR)
DB_CONNECTIONS = Metric(
    "booking_db_connections",
    Kind.GAUGE,
    "Connections to the booking database by what they are doing.",
    Home.SIDECAR,
    labels=(Label("state", ("active", "idle", "idle_in_transaction", "other")),),
)
CACHE_UP = Metric("booking_cache_up", Kind.GAUGE, "1 while Redis answers the sidecar.", Home.SIDECAR)
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
BREAKER_NOW = Metric(
    "booking_circuit_breaker_state",
    Kind.GAUGE,
    "1 for the state the circuit is in, 0 for the others; an open circuit whose time has run out is half-open.",
    Home.SIDECAR,
    labels=(BREAKER, Label("state", BREAKER_STATES)),
)
BREAKER_OPENED = Metric(
    "booking_circuit_breaker_opened_timestamp_seconds",
    Kind.GAUGE,
    "When the circuit was last closed; 0 while it is. A failed trial does not move it.",
    Home.SIDECAR,
    labels=(BREAKER,),
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
WORKERS_LIVE = Metric("booking_workers_live", Kind.GAUGE, "Core workers alive, by their slot locks.", Home.SIDECAR)
WORKER_CPU = Metric(
    "booking_worker_cpu_seconds_total",
    Kind.COUNTER,
    "Processor time of the worker that now holds the slot.",
    Home.SIDECAR,
    labels=(SLOT,),
)
WORKER_MEMORY = Metric(
    "booking_worker_resident_memory_bytes",
    Kind.GAUGE,
    "Resident memory of the worker that now holds the slot.",
    Home.SIDECAR,
    labels=(SLOT,),
)
COLLECTOR_SUCCESS = Metric(
    "exporter_collector_success",
    Kind.GAUGE,
    "1 if the collector's last run succeeded.",
    Home.SIDECAR,
    labels=(COLLECTOR,),
)
COLLECTOR_DURATION = Metric(
    "exporter_collector_duration_seconds",
    Kind.GAUGE,
    "Time the collector's last run took.",
    Home.SIDECAR,
    labels=(COLLECTOR,),
)
FILES_SKIPPED = Metric(
    "exporter_files_skipped_total",
    Kind.COUNTER,
    "Metric files that could not be read at a scrape; what they held before is served meanwhile.",
    Home.SIDECAR,
    labels=(Label("reason", ("empty", "truncated", "foreign", "unreadable")),),
)
LAST_READ = Metric(
    "exporter_last_read_timestamp_seconds",
    Kind.GAUGE,
    "When the workers' metric files were last read without error.",
    Home.SIDECAR,
)
EXEMPLARS = Metric(
    "exporter_exemplars_total",
    Kind.COUNTER,
    "Exemplars that workers sent: kept for the next scrape, malformed, or `evicted`, the oldest of too many.",
    Home.SIDECAR,
    labels=(Label("result", ("kept", "malformed", "evicted")),),
)
PUSHES = Metric(
    "exporter_otlp_pushes_total",
    Kind.COUNTER,
    "Pushes of all these numbers over OTLP; each carries totals, so that one that failed is made up for by the next.",
    Home.SIDECAR,
    labels=(Label("result", ("sent", "failed")),),
)

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

ALERT_DELIVERY = Metric(
    "alert_delivery_seconds",
    Kind.HISTOGRAM,
    "Time from an alert's start to its arrival at the on-call receiver.",
    Home.ONCALL,
    buckets=DELIVERY_EDGES,
)
PAGES = Metric(
    "oncall_pages_total",
    Kind.COUNTER,
    "Pages received by the on-call receiver.",
    Home.ONCALL,
    labels=(Label("alertname"), SEVERITY),
)
DEADMAN_LAST_SEEN = Metric(
    "deadman_last_seen_timestamp_seconds",
    Kind.GAUGE,
    "When the Watchdog last reached the on-call receiver.",
    Home.ONCALL,
)


def catalogue() -> tuple[Metric, ...]:
    """Return every metric of this module, in the order of declaration."""
    return tuple(value for value in globals().values() if isinstance(value, Metric))


def of(home: Home) -> tuple[Metric, ...]:
    """Return the metrics that one kind of process publishes."""
    return tuple(metric for metric in catalogue() if metric.home is home)
