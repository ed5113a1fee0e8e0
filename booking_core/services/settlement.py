"""Makes Cal.com and us agree on a booking that was not answered in the call: found, made, or given up in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from structlog.contextvars import bind_contextvars

from booking_core.bus import Bus
from booking_core.domain import rules, visits
from booking_core.domain.errors import (
    BookingExpired,
    BookingFailed,
    BookingRefused,
    CalcomCircuitOpen,
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomRejected,
    SlotLost,
)
from booking_core.domain.events import (
    AppointmentBooked,
    AppointmentBookingFailed,
    AppointmentRescheduled,
    AppointmentReschedulingFailed,
    CalcomBookingCreated,
    Effort,
    Event,
)
from booking_core.domain.models import UNSETTLED, Appointment, State, Tenant
from booking_core.domain.ports import CalcomBooking, Clock, Database
from booking_core.services import absence
from booking_core.services.acceptance import Acceptance
from booking_core.services.calendar import Calendar
from booking_core.services.cancellation import Cancellation
from booking_core.services.outcomes import Outcomes, Overtaken

# How long to wait before the next try, by how many there have been; later ones keep the last.
LADDER_SECONDS = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0)


@dataclass(frozen=True, slots=True)
class Settlement:
    """One appointment at a time; `calcom` retries on its own ladder and respects the circuit."""

    database: Database
    calendar: Calendar
    bus: Bus
    clock: Clock
    outcomes: Outcomes
    cancellation: Cancellation
    acceptance: Acceptance
    failed: Callable[[str], None]

    async def settle(self, tenant_id: UUID, appointment_id: UUID, *, tries: int) -> float | None:
        """Do what can be done now. Return the seconds after which to come again, or None when it is settled."""
        async with self.database.begin(tenant_id) as stores:
            tenant = await stores.tenants.get(tenant_id)
            appointment = await stores.appointments.find(tenant_id, appointment_id)
        if appointment is None or appointment.state not in UNSETTLED:
            return None
        bind_contextvars(correlation_id=appointment.origin.correlation_id)
        try:
            return await self._agree(tenant, appointment)
        except Overtaken:
            return LADDER_SECONDS[0]
        except (CalcomCircuitOpen, CalcomRateLimited) as error:
            self.failed(error.reason)
            return self._in_time(appointment, max(error.retry_after_seconds or 0.0, LADDER_SECONDS[0]))
        except BookingFailed as error:
            self.failed(error.reason)
            return self._in_time(appointment, LADDER_SECONDS[min(tries, len(LADDER_SECONDS) - 1)])

    async def _agree(self, tenant: Tenant, appointment: Appointment) -> float | None:
        match appointment.state:
            case State.CANCELLING:
                return await self.cancellation.go_on(tenant, appointment)
            case State.PENDING:
                return await self.acceptance.go_on(tenant, appointment)
            case _:
                return await self._make(tenant, appointment)

    async def _make(self, tenant: Tenant, appointment: Appointment) -> float | None:
        if appointment.state is State.CREATING:
            # Whoever was creating it has died; from now on it is in doubt.
            appointment = await self.outcomes.claim(appointment, State.UNKNOWN)
        if appointment.state is State.UNKNOWN:
            # Never asked for again before it was looked for: a create that was not answered may have been done.
            found = await self.calendar.find(tenant, appointment)
            if found is not None:
                await self._confirm(appointment, found)
                return None
            if not absence.is_believed(appointment, now=self.clock.now()):
                return await absence.note(self.database, appointment)
        if self._is_too_late(appointment):
            await self._give_up(appointment, BookingExpired())
        else:
            # Committed before the call: were we killed in it, the booking would be looked for and not made again.
            await self._create(tenant, await self.outcomes.claim(appointment, State.CREATING))
        return None

    def _is_too_late(self, appointment: Appointment) -> bool:
        return self._seconds_left(appointment) <= 0

    def _in_time(self, appointment: Appointment, seconds: float) -> float:
        """Come back when the booking expires, if the pause would end later: the customer is to hear of it in time."""
        left = self._seconds_left(appointment)
        return min(seconds, left) if left > 0 else seconds

    def _seconds_left(self, appointment: Appointment) -> float:
        former = appointment.former if appointment.is_move else None
        start = visits.begins_at(appointment)
        # What is not moved by then is not moved at all: the customer comes at the former time.
        start = min(start, former.start) if former else start
        expires_at = rules.expires_at(start, asked_at=appointment.waits_since)
        return (expires_at - self.clock.now()).total_seconds()

    async def _create(self, tenant: Tenant, creating: Appointment) -> None:
        try:
            created = await self.calendar.make(tenant, creating)
        except BookingRefused:
            # It is not ours, so it is somebody else's.
            await self._give_up(creating, SlotLost())
        except CalcomRejected as error:
            await self._give_up(creating, error)
        except BookingFailed as error:
            is_in_doubt = isinstance(error, CalcomOutcomeUnknown)
            await self.outcomes.claim(creating, State.UNKNOWN if is_in_doubt else State.QUEUED)
            raise
        else:
            self.bus.publish(CalcomBookingCreated(creating.origin, creating.id))
            await self._confirm(creating, created)

    async def _confirm(self, appointment: Appointment, booking: CalcomBooking) -> None:
        made = await self.outcomes.made(appointment, booking)
        whole = made.whole
        if not made.is_mine or whole.state is not State.CONFIRMED:
            return
        waited = (self.clock.now() - whole.waits_since).total_seconds()
        self.bus.publish(_made(whole, waited))

    async def _give_up(self, appointment: Appointment, error: BookingFailed) -> None:
        recorded = await self.outcomes.record(appointment, State.FAILED)
        if not recorded.is_mine:
            raise Overtaken
        self.failed(error.reason)
        self.bus.publish(_given_up(recorded.whole, error))


def _made(whole: Appointment, waited: float) -> Event:
    about, chair = (whole.origin, whole.id, whole.tenant_id), whole.chair
    if whole.is_move and whole.former is not None:
        return AppointmentRescheduled(*about, whole.former.id, waited, chair, whole.former_chair)
    return AppointmentBooked(*about, Effort(), waited, chair=chair)


def _given_up(whole: Appointment, error: BookingFailed) -> Event:
    origin, tenant_id, chair = whole.origin, whole.tenant_id, whole.chair
    if whole.is_move and whole.former is not None:
        return AppointmentReschedulingFailed(origin, whole.id, tenant_id, whole.former.id, error.reason, chair)
    return AppointmentBookingFailed(origin, tenant_id, "failed", error.reason, Effort(), whole.id, chair)
