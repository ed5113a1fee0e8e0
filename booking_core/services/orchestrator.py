"""The booking, told top-down: validate, find the customer and the service, hold the chair, book at Cal.com, confirm."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

from booking_core.bus import Bus
from booking_core.domain.errors import (
    AppointmentCreationError,
    BookingError,
    BookingFailed,
    BookingRefused,
    CalcomOutcomeUnknown,
    SlotTaken,
    UnknownAppointment,
)
from booking_core.domain.events import (
    AppointmentBooked,
    AppointmentBookingFailed,
    AppointmentBookingInitiated,
    CalcomBookingCreated,
    Effort,
)
from booking_core.domain.models import (
    Appointment,
    AvailabilityRequest,
    BookingRequest,
    OpenSlot,
    Origin,
    State,
    Tenant,
)
from booking_core.domain.ports import Calcom, CalcomBooking, Database
from booking_core.services.alternatives import OFFERED_INSTEAD, SlotFinder
from booking_core.services.appointment_persistence import AppointmentPersistenceService
from booking_core.services.customer_resolution import CustomerResolutionService
from booking_core.services.service_resolution import ServiceResolutionService
from booking_core.services.validation import BookingValidationService, ValidBooking


@dataclass(slots=True)
class StepLog:
    """Seconds spent in each step of one attempt."""

    clock: Callable[[], float] = time.monotonic
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = self.clock()
        try:
            yield
        finally:
            self.seconds[name] = self.clock() - begun


@dataclass(frozen=True, slots=True)
class BookingOrchestrator:
    """Books and cancels. Exactly one of AppointmentBooked and AppointmentBookingFailed follows every attempt."""

    database: Database
    calcom: Calcom
    bus: Bus
    validation: BookingValidationService
    customers: CustomerResolutionService
    services: ServiceResolutionService
    appointments: AppointmentPersistenceService
    slots: SlotFinder

    async def book(self, tenant: Tenant, request: BookingRequest, origin: Origin) -> Appointment:
        """Return the confirmed appointment; raises BookingRefused (the caller's) or BookingFailed (ours)."""
        self.bus.publish(AppointmentBookingInitiated(origin, tenant.id))
        log = StepLog()
        with self.database.counting() as statements:
            try:
                appointment = await self._book(tenant, request, origin, log)
            except Exception as error:  # the one place that turns any surprise into a counted failure
                named = _named(error)
                outcome = "refused" if isinstance(named, BookingRefused) else "failed"
                effort = Effort(log.seconds, statements.count)
                self.bus.publish(AppointmentBookingFailed(origin, tenant.id, outcome, named.reason, effort))
                if named is error:
                    raise
                raise named from error
            effort = Effort(log.seconds, statements.count)
        self.bus.publish(AppointmentBooked(origin, appointment.id, tenant.id, effort))
        return appointment

    async def cancel(self, tenant: Tenant, appointment_id: UUID, *, reason: str) -> None:
        """Cancel in both worlds; cancelling again is a success. Raises UnknownAppointment or BookingFailed."""
        async with self.database.begin() as stores:
            appointment = await stores.appointments.find(tenant.id, appointment_id)
        if appointment is None:
            raise UnknownAppointment
        if appointment.state in (State.CREATING, State.UNKNOWN):
            raise CalcomOutcomeUnknown
        if appointment.state is State.CONFIRMED and appointment.calcom_uid is not None:
            await self.calcom.cancel(tenant, appointment.calcom_uid, reason=reason)
            await self._settle(appointment_id, State.CANCELLED)

    async def _book(self, tenant: Tenant, request: BookingRequest, origin: Origin, log: StepLog) -> Appointment:
        with log.step("validate"):
            booking = self.validation.check(tenant, request)
        try:
            appointment = await self._hold(tenant, booking, origin, log)
            with log.step("calcom"):
                created = await self._create(tenant, appointment)
        except SlotTaken as taken:
            raise SlotTaken(str(taken), alternatives=await self._alternatives(tenant, booking)) from taken
        self.bus.publish(CalcomBookingCreated(origin, appointment.id))
        with log.step("confirm"):
            await self._settle(appointment.id, State.CONFIRMED, calcom_uid=created.uid)
        return replace(appointment, state=State.CONFIRMED, calcom_uid=created.uid)

    async def _hold(self, tenant: Tenant, booking: ValidBooking, origin: Origin, log: StepLog) -> Appointment:
        request = booking.request
        async with self.database.begin() as stores:
            with log.step("resolve_service"):
                offerings = await self.services.resolve(stores, tenant, request.service, request.staff)
            with log.step("resolve_customer"):
                customer = await self.customers.resolve(stores, tenant, request.customer)
            with log.step("hold"):
                return await self.appointments.hold(stores, tenant, booking, customer, offerings, origin)

    async def _create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        """Ask Cal.com; the hold is committed by now, and whatever Cal.com says is committed before we speak."""
        try:
            return await self.calcom.create(tenant, appointment)
        except BookingError as error:
            await self._settle(appointment.id, _aftermath(error))
            raise

    async def _settle(self, appointment_id: UUID, state: State, *, calcom_uid: str | None = None) -> None:
        async with self.database.begin() as stores:
            await stores.appointments.settle(appointment_id, state, calcom_uid=calcom_uid)

    async def _alternatives(self, tenant: Tenant, booking: ValidBooking) -> Sequence[OpenSlot]:
        """Look for free slots near the lost one; a refusal without alternatives beats no answer."""
        local = booking.start.astimezone(tenant.time_zone)
        request = booking.request
        wish = AvailabilityRequest(request.service, local.date(), local.time(), request.staff, OFFERED_INSTEAD)
        try:
            _, slots = await self.slots.find(tenant, wish)
        except BookingFailed:
            return ()
        return slots


def _named(error: Exception) -> BookingError:
    return error if isinstance(error, BookingError) else AppointmentCreationError()


def _aftermath(error: BookingError) -> State:
    """Return what a hold becomes: an unknown outcome keeps its chair, everything else frees it."""
    if isinstance(error, CalcomOutcomeUnknown):
        return State.UNKNOWN
    return State.FAILED if isinstance(error, BookingFailed) else State.RELEASED
