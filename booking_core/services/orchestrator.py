"""The booking, told top-down: validate, find the customer and the service, hold the chair, book at Cal.com, confirm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import structlog

from booking_core.bus import Bus
from booking_core.domain.errors import (
    AppointmentCreationError,
    AppointmentDatabaseError,
    BookingError,
    BookingFailed,
    BookingRefused,
    CalcomOutcomeUnknown,
    CalcomRejected,
    CalledOff,
    SlotTaken,
)
from booking_core.domain.events import (
    AppointmentBooked,
    AppointmentBookingFailed,
    AppointmentBookingInitiated,
    CalcomBookingCreated,
    CalcomSyncRequired,
    Effort,
)
from booking_core.domain.models import (
    UNSETTLED,
    Appointment,
    AvailabilityRequest,
    BookingRequest,
    OpenSlot,
    Origin,
    State,
    Tenant,
)
from booking_core.domain.ports import Calcom, Database
from booking_core.services import outcomes
from booking_core.services.alternatives import OFFERED_INSTEAD, SlotFinder
from booking_core.services.appointment_persistence import AppointmentPersistenceService, Held
from booking_core.services.customer_resolution import CustomerResolutionService
from booking_core.services.outcomes import WAITING, Outcomes
from booking_core.services.repeats import COPY_LOOKS_SECONDS, COPY_WAITS_SECONDS
from booking_core.services.service_resolution import ServiceResolutionService
from booking_core.services.validation import BookingValidationService, ValidBooking

_log = structlog.get_logger()

FIRST_LOOK_SECONDS = 5.0
# Why a booking waits that Cal.com has and the salon must accept.
ACCEPTANCE = "acceptance"


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
class Answer:
    """What one request led to; `waits_for` is the reason why the booking is not confirmed yet."""

    appointment: Appointment
    waits_for: str | None = None
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class BookingOrchestrator:
    """Books.

    Every wish ends in exactly one of AppointmentBooked, CalcomSyncRequired and AppointmentBookingFailed. The same wish
    said again, while its appointment lives, gets the same answer and publishes no second ending.
    """

    database: Database
    calcom: Calcom
    bus: Bus
    validation: BookingValidationService
    customers: CustomerResolutionService
    services: ServiceResolutionService
    appointments: AppointmentPersistenceService
    slots: SlotFinder
    outcomes: Outcomes
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

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
                return Answer(await self._original(tenant, held.appointment), is_copy=True)
            return await self._make(tenant, held.appointment, log)
        except SlotTaken as taken:
            raise SlotTaken(str(taken), alternatives=await self._alternatives(tenant, booking)) from taken

    async def _hold(self, tenant: Tenant, booking: ValidBooking, origin: Origin, log: StepLog) -> Held:
        request = booking.request
        async with self.database.begin(tenant.id) as stores:
            with log.step("resolve_service"):
                offerings = await self.services.resolve(stores, tenant, request.service, request.staff)
            with log.step("resolve_customer"):
                customer = await self.customers.resolve(stores, tenant, request.customer)
            with log.step("hold"):
                return await self.appointments.hold(stores, tenant, booking, customer, offerings, origin)

    async def _make(self, tenant: Tenant, appointment: Appointment, log: StepLog) -> Answer:
        """Make it. The chair is held now, and whatever goes wrong on our side, Cal.com may have the booking.

        So nobody is told that nothing was booked: what we could not write down, the jobs find, and both worlds agree.
        """
        try:
            return await self._ask(tenant, appointment, log)
        except AppointmentDatabaseError:
            return Answer(appointment, waits_for=CalcomOutcomeUnknown.reason)
        except BookingError:
            raise
        except Exception as surprise:
            _log.exception("booking_surprised", appointment_id=str(appointment.id))
            raise CalcomOutcomeUnknown from surprise

    async def _ask(self, tenant: Tenant, appointment: Appointment, log: StepLog) -> Answer:
        """Ask Cal.com; the hold is committed by now, and whatever Cal.com says is committed before we speak."""
        try:
            with log.step("calcom"):
                created = await self.calcom.create(tenant, appointment)
        except WAITING as error:
            return await self._put_down(appointment, error)
        except BookingError as error:
            state = State.FAILED if isinstance(error, BookingFailed) else State.RELEASED
            return _heard((await self.outcomes.record(appointment, state)).appointment, error)
        self.bus.publish(CalcomBookingCreated(appointment.origin, appointment.id))
        with log.step("confirm"):
            made = await self.outcomes.made(appointment, created)
        return _heard(made.appointment, CalcomOutcomeUnknown())

    async def _put_down(self, appointment: Appointment, error: BookingFailed) -> Answer:
        """Keep the chair and put down the job that goes on, in one transaction: neither is ever there alone."""
        state = State.UNKNOWN if isinstance(error, CalcomOutcomeUnknown) else State.QUEUED
        async with self.database.begin(appointment.tenant_id) as stores:
            recorded = await outcomes.record(stores, appointment, state)
            if recorded.is_mine:
                await stores.queue.settle(appointment.tenant_id, appointment.id, after_seconds=FIRST_LOOK_SECONDS)
        return _heard(recorded.appointment, error)

    async def _original(self, tenant: Tenant, appointment: Appointment) -> Appointment:
        """Wait until the request that came first has its answer, and give the same."""
        for _ in range(round(COPY_WAITS_SECONDS / COPY_LOOKS_SECONDS)):
            if appointment.state is not State.CREATING:
                break
            await self.sleep(COPY_LOOKS_SECONDS)
            with suppress(AppointmentDatabaseError):
                async with self.database.begin(tenant.id) as stores:
                    appointment = await stores.appointments.find(tenant.id, appointment.id) or appointment
        if appointment.state in {State.RELEASED, State.CANCELLING, State.CANCELLED}:
            raise SlotTaken
        if appointment.state is State.FAILED:
            raise CalcomRejected
        return appointment

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

    def _publish(self, answer: Answer, origin: Origin, effort: Effort) -> None:
        appointment = answer.appointment
        if answer.is_copy:
            return
        if answer.waits_for is None:
            self.bus.publish(AppointmentBooked(origin, appointment.id, appointment.tenant_id, effort))
        else:
            reason = answer.waits_for
            self.bus.publish(CalcomSyncRequired(origin, appointment.id, appointment.tenant_id, reason, effort))


def _heard(standing: Appointment, error: BookingError) -> Answer:
    """Return what the caller is told: not what this try came to, but what stands. Raises the error if nothing does."""
    if standing.state is State.CONFIRMED:
        return Answer(standing)
    if standing.state is State.PENDING:
        return Answer(standing, waits_for=ACCEPTANCE)
    if standing.state in {State.CANCELLING, State.CANCELLED}:
        raise CalledOff
    if standing.state in UNSETTLED:
        return Answer(standing, waits_for=error.reason)
    raise error


def _named(error: Exception) -> BookingError:
    return error if isinstance(error, BookingError) else AppointmentCreationError()
