"""Makes one appointment at Cal.com while the caller waits: its chair is held, and nothing of it is there yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from booking_core.bus import Bus
from booking_core.domain.errors import (
    AppointmentDatabaseError,
    BookingError,
    BookingFailed,
    CalcomOutcomeUnknown,
    CalcomRejected,
    CalledOff,
    SlotTaken,
)
from booking_core.domain.events import CalcomBookingCreated
from booking_core.domain.models import UNSETTLED, Appointment, State, Tenant
from booking_core.domain.ports import Calcom, Database
from booking_core.services import outcomes
from booking_core.services.outcomes import WAITING, Outcomes, Recorded
from booking_core.services.repeats import COPY_LOOKS_SECONDS, COPY_WAITS_SECONDS
from booking_core.services.steps import StepLog

FIRST_LOOK_SECONDS = 5.0
# Why a booking waits that Cal.com has and the salon must accept.
ACCEPTANCE = "acceptance"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request led to; `waits_for` is the reason why the booking is not confirmed yet.

    Not news if a webhook or a job was quicker to confirm it, and has told the customer.
    """

    appointment: Appointment
    waits_for: str | None = None
    is_copy: bool = False
    is_news: bool = True


@dataclass(frozen=True, slots=True)
class Making:
    """Whatever happens, the caller hears what is true, and a job goes on with what is not settled."""

    database: Database
    calcom: Calcom
    bus: Bus
    outcomes: Outcomes
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def make(self, tenant: Tenant, appointment: Appointment, log: StepLog) -> Answer:
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
            return _heard(await self.outcomes.record(appointment, state), error)
        self.bus.publish(CalcomBookingCreated(appointment.origin, appointment.id))
        with log.step("confirm"):
            made = await self.outcomes.made(appointment, created)
        return _heard(made, CalcomOutcomeUnknown())

    async def _put_down(self, appointment: Appointment, error: BookingFailed) -> Answer:
        """Keep the chair and put down the job that goes on, in one transaction: neither is ever there alone."""
        state = State.UNKNOWN if isinstance(error, CalcomOutcomeUnknown) else State.QUEUED
        async with self.database.begin(appointment.tenant_id) as stores:
            recorded = await outcomes.record(stores, appointment, state)
            if recorded.is_mine:
                await stores.queue.settle(appointment.tenant_id, appointment.id, after_seconds=FIRST_LOOK_SECONDS)
        return _heard(recorded, error)

    async def original(self, tenant: Tenant, appointment: Appointment) -> Appointment:
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


def _heard(recorded: Recorded, error: BookingError) -> Answer:
    """Return what the caller is told: not what this try came to, but what stands. Raises the error if nothing does."""
    standing = recorded.appointment
    if standing.state is State.CONFIRMED:
        return Answer(standing, is_news=recorded.is_mine)
    if standing.state is State.PENDING:
        return Answer(standing, waits_for=ACCEPTANCE)
    if standing.state in {State.CANCELLING, State.CANCELLED}:
        raise CalledOff
    if standing.state in UNSETTLED:
        return Answer(standing, waits_for=error.reason)
    raise error
