"""Cal.com, and the circuit that leaves it alone when it fails."""

from __future__ import annotations

from sla.catalogue.metric import Home, Kind, Label, Metric

OPERATION = Label("operation", ("slots", "create", "get", "list", "cancel", "reschedule", "me", "event_types"))
CALL_KIND = Label("kind", ("successful", "failed", "ignored", "not_permitted"))
ANSWER_KIND = Label("kind", ("successful", "failed", "ignored"))
BREAKER = Label("name", ("calcom",))
BREAKER_STATES = ("closed", "open", "half_open")
BREAKER_STATE = Label("to", BREAKER_STATES)
CALCOM_EDGES = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 8.0, 10.0, 20.0, 30.0)

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
