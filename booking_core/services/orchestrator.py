"""The booking, told top-down: validate, find the customer and the service, hold the chair, book at Cal.com, confirm."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import structlog

from booking_core.bus import Bus
from booking_core.domain.errors import (
    AppointmentCreationError,
    BookingError,
    BookingRefused,
    SlotTaken,
)
from booking_core.domain.events import (
    AppointmentBooked,
    AppointmentBookingFailed,
    AppointmentBookingInitiated,
    CalcomSyncRequired,
    Effort,
)
from booking_core.domain.models import (
    Appointment,
    BookingRequest,
    Origin,
    Tenant,
)
from booking_core.domain.ports import Callers, Database, Outdated
from booking_core.services.alternatives import SlotFinder
from booking_core.services.appointment_persistence import AppointmentPersistenceService, Held
from booking_core.services.commits import surely
from booking_core.services.making import Answer, Making
from booking_core.services.service_resolution import ServiceResolutionService
from booking_core.services.steps import StepLog
from booking_core.services.validation import BookingValidationService, ValidBooking

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BookingOrchestrator:
    """Books.

    Every wish ends in exactly one of AppointmentBooked, CalcomSyncRequired and AppointmentBookingFailed. The same wish
    said again, while its appointment lives, gets the same answer and publishes no second ending.
    """

    database: Database
    bus: Bus
    validation: BookingValidationService
    customers: Callers
    services: ServiceResolutionService
    appointments: AppointmentPersistenceService
    slots: SlotFinder
    making: Making

    async def book(self, tenant: Tenant, request: BookingRequest, origin: Origin) -> Appointment:
        """Return the appointment: confirmed, or held until a job has settled it with Cal.com (queued, unknown).

        Raises BookingRefused (the caller's) or BookingFailed (ours).
        """
        self.bus.publish(AppointmentBookingInitiated(origin, tenant.id))
        log = StepLog()
        with self.database.counting() as statements:
            try:
                answer = await self._book(tenant, request, origin, log)
            except Exception as error:  # the one place that turns any surprise into a counted failure
                named = _named(error)
                outcome = "refused" if isinstance(named, BookingRefused) else "failed"
                effort = Effort(log.seconds, statements.count)
                self.bus.publish(AppointmentBookingFailed(origin, tenant.id, outcome, named.reason, effort))
                if named is error:
                    raise
                _log.exception("booking_surprised")
                raise named from error
            self._publish(answer, origin, Effort(log.seconds, statements.count))
        return answer.appointment

    async def _book(self, tenant: Tenant, request: BookingRequest, origin: Origin, log: StepLog) -> Answer:
        with log.step("validate"):
            booking = self.validation.check(tenant, request)
        try:
            held = await self._hold(tenant, booking, origin, log)
            if not held.is_new:
                return Answer(await self.making.original(tenant, held.visit), is_copy=True)
            return await self.making.make(tenant, held.visit, log)
        except SlotTaken as taken:
            nearest = await self.slots.instead(tenant, request.service, booking.start, request.staff)
            raise SlotTaken(str(taken), alternatives=nearest) from taken

    async def _hold(self, tenant: Tenant, booking: ValidBooking, origin: Origin, log: StepLog) -> Held:
        try:
            return await self._hold_as_known(tenant, booking, origin, log)
        except Outdated:
            # Remembered, and no longer so.
            await self.services.forget(tenant, booking.request.service)
            await self.customers.forget(tenant.id, booking.customer.phone)
            return await self._hold_as_known(tenant, booking, origin, log)

    async def _hold_as_known(self, tenant: Tenant, booking: ValidBooking, origin: Origin, log: StepLog) -> Held:
        request = booking.request
        with log.step("resolve_service"):
            offerings = await self.services.resolve(tenant, request.service, request.staff)
        with log.step("resolve_customer"):
            customer = await self.customers.resolve(tenant.id, request.customer)
        tried: set[UUID] = set()

        async def hold() -> Held:
            async with self.database.begin(tenant.id) as stores:
                return await self.appointments.hold(stores, tenant, booking, customer, offerings, origin, tried)

        with log.step("hold"):
            return await surely(hold)

    def _publish(self, answer: Answer, origin: Origin, effort: Effort) -> None:
        appointment = answer.appointment
        if answer.is_copy:
            return
        if answer.waits_for is None:
            about = (origin, appointment.id, appointment.tenant_id, effort)
            chair, has_address = appointment.chair, appointment.customer.email is not None
            self.bus.publish(AppointmentBooked(*about, is_news=answer.is_news, chair=chair, has_address=has_address))
        else:
            reason = answer.waits_for
            self.bus.publish(CalcomSyncRequired(origin, appointment.id, appointment.tenant_id, reason, effort))


def _named(error: Exception) -> BookingError:
    return error if isinstance(error, BookingError) else AppointmentCreationError()
