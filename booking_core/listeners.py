"""Who listens to what: the one table, read by the bus."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from uuid import UUID

import structlog

from booking_core.bus import ListenerTable
from booking_core.caching.availability import AvailabilityMemory
from booking_core.domain.discrepancies import Outcome
from booking_core.domain.errors import CancellationRefused
from booking_core.domain.events import (
    AppointmentBooked,
    AppointmentBookingFailed,
    AppointmentBookingInitiated,
    AppointmentCancellationRefused,
    AppointmentCancelled,
    AppointmentMoved,
    AppointmentRescheduled,
    AppointmentReschedulingFailed,
    CalcomBookingCreated,
    CalcomSyncRequired,
    CallMeasured,
    InconsistencyDetected,
    WebhookProcessed,
    WebhookReceived,
)
from booking_core.domain.models import Traffic
from booking_core.services.admin_notification import AdminNotification, SyncTrouble
from booking_core.services.engagement import CustomerEngagement
from booking_core.services.notification import BookingNotificationService
from booking_core.telemetry.recorder import Recorder

_log = structlog.get_logger()

Ending = AppointmentBooked | CalcomSyncRequired | AppointmentBookingFailed
Fate = (
    AppointmentMoved
    | AppointmentRescheduled
    | AppointmentReschedulingFailed
    | AppointmentCancelled
    | AppointmentCancellationRefused
)
Told = AppointmentBooked | AppointmentBookingFailed | Fate
Changed = (
    AppointmentBooked
    | AppointmentBookingFailed
    | AppointmentMoved
    | AppointmentRescheduled
    | AppointmentReschedulingFailed
    | AppointmentCancelled
)
Troubling = InconsistencyDetected | AppointmentBookingFailed | AppointmentCancellationRefused


@dataclass(frozen=True, slots=True)
class Listeners:
    """What the listeners need. One whose name is a plain function runs before the caller gets its answer."""

    recorder: Recorder
    notification: BookingNotificationService
    admin: AdminNotification
    availability: AvailabilityMemory
    engagement: CustomerEngagement

    def log_booking_metrics(self, event: Ending | CallMeasured | WebhookProcessed) -> None:
        match event:
            case CalcomSyncRequired():
                self.recorder.booking_put_down(event)
            case CallMeasured():
                self.recorder.call_measured(event)
            case WebhookProcessed():
                self.recorder.webhook(event.source, event.event, event.result)
            case _:
                self.recorder.attempt_ended(event)

    def log_lifecycle(self, event: Ending | Fate | WebhookProcessed) -> None:
        match event:
            case AppointmentBooked():
                appointment, waited = str(event.appointment_id), event.waited_seconds
                queries = event.effort.queries
                _log.info("appointment_booked", appointment_id=appointment, waited_seconds=waited, queries=queries)
            case CalcomSyncRequired():
                _log.warning("appointment_waits", appointment_id=str(event.appointment_id), reason=event.reason)
            case AppointmentBookingFailed():
                _log.info("appointment_not_booked", outcome=event.outcome, reason=event.reason)
            case AppointmentMoved():
                _log.info("appointment_moved", appointment_id=str(event.appointment_id))
            case AppointmentRescheduled():
                appointment, waited = str(event.appointment_id), event.waited_seconds
                _log.info("appointment_rescheduled", appointment_id=appointment, waited_seconds=waited)
            case AppointmentReschedulingFailed():
                _log.warning("appointment_not_rescheduled", appointment_id=str(event.former_id), reason=event.reason)
            case AppointmentCancelled():
                _log.info("appointment_cancelled", appointment_id=str(event.appointment_id))
            case AppointmentCancellationRefused():
                _log.error("appointment_not_cancelled", appointment_id=str(event.appointment_id))
            case WebhookProcessed():
                about = {"source": event.source.value, "webhook": event.event, "result": event.result.value}
                _log.info("webhook_processed", delivery_id=str(event.delivery_id), **about)

    def log_inconsistency(self, event: InconsistencyDetected) -> None:
        self.recorder.inconsistency_detected(event)
        _log.warning(
            "inconsistency_detected",
            tenant_id=str(event.tenant_id),
            kind=event.kind,
            action=event.action,
            subject=event.subject,
        )

    async def invalidate_appointment_cache(self, event: Changed) -> None:
        former = event.former_chair if isinstance(event, AppointmentRescheduled) else None
        for chair in (event.chair, former):
            if chair is not None:
                await self.availability.forget(event.tenant_id, chair)

    async def update_customer_engagement_score(self, event: AppointmentBooked | AppointmentCancelled) -> None:
        if event.origin.traffic is not Traffic.SYNTHETIC:
            await self.engagement.changed(event.appointment_id)

    async def send_booking_confirmation_email(self, event: AppointmentBooked) -> None:
        if event.is_news and event.has_address:
            await self._hurry(event, event.appointment_id)

    async def send_booking_regret_email(self, event: AppointmentBookingFailed) -> None:
        # Without an id nobody was promised anything: the caller heard of the failure on the phone.
        if event.appointment_id is not None:
            await self._hurry(event, event.appointment_id)

    async def send_moved_email(self, event: AppointmentMoved) -> None:
        await self._hurry(event, event.appointment_id)

    async def send_called_off_email(self, event: AppointmentCancelled) -> None:
        await self._hurry(event, event.appointment_id)

    async def send_rescheduled_email(self, event: AppointmentRescheduled) -> None:
        await self._hurry(event, event.appointment_id)

    async def send_not_rescheduled_email(self, event: AppointmentReschedulingFailed) -> None:
        await self._hurry(event, event.appointment_id)

    async def send_cancellation_refused_email(self, event: AppointmentCancellationRefused) -> None:
        await self._hurry(event, event.appointment_id)

    async def notify_admin_on_sync_failure(self, event: Troubling) -> None:
        trouble = _trouble(event)
        if trouble is None:
            return
        _log.error("sync_failed", **{name: str(value) for name, value in asdict(trouble).items()})
        if event.origin.traffic is not Traffic.SYNTHETIC:
            await self._counted("admin_email", self.admin.sync_failed(trouble))

    async def _hurry(self, event: Told, appointment_id: UUID) -> None:
        """Send what was put down with the change itself; without this it would go within two minutes."""
        if event.origin.traffic is Traffic.REAL:
            await self.notification.hurry(event.tenant_id, appointment_id)

    async def _counted(self, kind: str, sending: Awaitable[bool]) -> None:
        try:
            sent = await sending
        except Exception:
            self.recorder.notified(kind, "failed")
            raise
        if sent:
            self.recorder.notified(kind, "sent")


def _trouble(event: Troubling) -> SyncTrouble | None:
    """Return what of an event an administrator must know, if anything."""
    match event:
        case InconsistencyDetected() if event.action != Outcome.GONE:
            return SyncTrouble(event.tenant_id, event.kind, event.action, event.subject)
        # Without an id it failed in the call, and no job has tried it.
        case AppointmentBookingFailed(outcome="failed", appointment_id=UUID() as appointment_id):
            return SyncTrouble(event.tenant_id, "given_up", event.reason, str(appointment_id))
        # The customer does not want it, and the calendar keeps it.
        case AppointmentCancellationRefused():
            reason, outcome = CancellationRefused.reason, Outcome.LEFT_TO_A_PERSON
            return SyncTrouble(event.tenant_id, reason, outcome, str(event.appointment_id))
    return None


def table(
    *,
    recorder: Recorder,
    notification: BookingNotificationService,
    admin: AdminNotification,
    availability: AvailabilityMemory,
    engagement: CustomerEngagement,
) -> ListenerTable:
    """Return who hears of what, in the order they hear of it."""
    to = Listeners(recorder, notification, admin, availability, engagement)
    return {
        AppointmentBookingInitiated: (),
        CalcomBookingCreated: (),
        AppointmentBooked: (
            to.log_booking_metrics,
            to.log_lifecycle,
            to.invalidate_appointment_cache,
            to.update_customer_engagement_score,
            to.send_booking_confirmation_email,
        ),
        CalcomSyncRequired: (to.log_booking_metrics, to.log_lifecycle),
        AppointmentBookingFailed: (
            to.log_booking_metrics,
            to.log_lifecycle,
            to.invalidate_appointment_cache,
            to.send_booking_regret_email,
            to.notify_admin_on_sync_failure,
        ),
        AppointmentMoved: (to.log_lifecycle, to.invalidate_appointment_cache, to.send_moved_email),
        AppointmentRescheduled: (to.log_lifecycle, to.invalidate_appointment_cache, to.send_rescheduled_email),
        AppointmentReschedulingFailed: (
            to.log_lifecycle,
            to.invalidate_appointment_cache,
            to.send_not_rescheduled_email,
        ),
        AppointmentCancelled: (
            to.log_lifecycle,
            to.invalidate_appointment_cache,
            to.update_customer_engagement_score,
            to.send_called_off_email,
        ),
        AppointmentCancellationRefused: (
            to.log_lifecycle,
            to.send_cancellation_refused_email,
            to.notify_admin_on_sync_failure,
        ),
        CallMeasured: (to.log_booking_metrics,),
        WebhookReceived: (),
        WebhookProcessed: (to.log_booking_metrics, to.log_lifecycle),
        InconsistencyDetected: (to.log_inconsistency, to.notify_admin_on_sync_failure),
    }
