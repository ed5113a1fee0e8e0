"""What happened and who was told: events, webhooks, letters."""

from __future__ import annotations

from sla.catalogue.metric import Home, Kind, Label, Metric

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
UNEXPECTED_ERRORS = Metric(
    "booking_unexpected_errors_total",
    Kind.COUNTER,
    "Errors that have no name in the domain, each logged once or more with its traceback.",
    Home.CORE,
)
