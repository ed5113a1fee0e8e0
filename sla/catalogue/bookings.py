"""Bookings as callers live through them: attempts, answers, journeys."""

from __future__ import annotations

from itertools import product

from sla.catalogue.metric import Home, Kind, Label, Metric

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
# 1.5 and 2.0 are alert thresholds, 45 and 50 the journey's goal and limit: between two edges nothing can be measured.
API_EDGES = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 10.0)
JOURNEY_EDGES = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 60.0, 75.0, 90.0, 120.0, 150.0)
# 5 is the promise for one turn of the agent.
TURN_EDGES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 20.0)
STEP_EDGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DELAY_EDGES = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)


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
