"""Who listens to what: the one table, read by the bus."""

from __future__ import annotations

import structlog

from booking_core.bus import ListenerTable
from booking_core.domain.events import (
    AppointmentBooked,
    AppointmentBookingFailed,
    AppointmentBookingInitiated,
    CalcomBookingCreated,
)
from booking_core.domain.models import Traffic
from booking_core.services.notification import BookingNotificationService
from booking_core.telemetry.recorder import Recorder

_log = structlog.get_logger()


def table(*, recorder: Recorder, notification: BookingNotificationService) -> ListenerTable:
    """Bind the listeners to what they need."""

    def log_booking_metrics(event: AppointmentBooked | AppointmentBookingFailed) -> None:
        recorder.attempt_ended(event)

    async def send_booking_confirmation_email(event: AppointmentBooked) -> None:
        if event.origin.traffic is Traffic.SYNTHETIC:
            return
        try:
            sent = await notification.confirm(event.appointment_id)
        except Exception:
            recorder.notified("confirmation_email", "failed")
            raise
        if sent:
            recorder.notified("confirmation_email", "sent")

    def log_lifecycle(event: AppointmentBooked | AppointmentBookingFailed) -> None:
        if isinstance(event, AppointmentBooked):
            _log.info("appointment_booked", appointment_id=str(event.appointment_id), queries=event.effort.queries)
        else:
            _log.info("appointment_not_booked", outcome=event.outcome, reason=event.reason)

    return {
        AppointmentBookingInitiated: (),
        CalcomBookingCreated: (),
        AppointmentBooked: (log_booking_metrics, log_lifecycle, send_booking_confirmation_email),
        AppointmentBookingFailed: (log_booking_metrics, log_lifecycle),
    }
