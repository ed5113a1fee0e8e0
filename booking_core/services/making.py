"""Makes a visit at Cal.com while the caller waits: its chairs are held, and nothing of it is there yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
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
    CalcomUnavailable,
    CalledOff,
    SlotTaken,
)
from booking_core.domain.events import CalcomBookingCreated
from booking_core.domain.models import UNSETTLED, Appointment, State, Tenant
from booking_core.domain.ports import Database, Stores
from booking_core.domain.visits import as_one, next_to_make
from booking_core.services import outcomes
from booking_core.services.calendar import Calendar
from booking_core.services.commits import surely
from booking_core.services.outcomes import WAITING, Outcomes, Recorded, segments_of
from booking_core.services.repeats import COPY_LOOKS_SECONDS, COPY_WAITS_SECONDS
from booking_core.services.steps import StepLog

FIRST_LOOK_SECONDS = 5.0
# A visit of several segments is several calls; what Cal.com has not taken by then is left to the jobs.
PATIENCE_SECONDS = 4.0
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
    calendar: Calendar
    bus: Bus
    outcomes: Outcomes
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def make(self, tenant: Tenant, visit: Sequence[Appointment], log: StepLog) -> Answer:
        """Make it. The chairs are held now, and whatever goes wrong on our side, Cal.com may have the bookings.

        So nobody is told that nothing was booked: what we could not write down, the jobs find, and both worlds agree.
        """
        try:
            return await self._ask(tenant, visit[0], log)
        except AppointmentDatabaseError:
            return Answer(as_one(visit), waits_for=CalcomOutcomeUnknown.reason)
        except BookingError:
            raise
        except Exception as surprise:
            _log.exception("booking_surprised", appointment_id=str(visit[0].id))
            raise CalcomOutcomeUnknown from surprise

    async def _ask(self, tenant: Tenant, segment: Appointment, log: StepLog) -> Answer:
        """Ask Cal.com; the hold is committed by now, and whatever Cal.com says is committed before we speak."""
        try:
            with log.step("calcom"):
                created = await self.calendar.make(tenant, segment)
        except WAITING as error:
            return await self._put_down(segment, error)
        except BookingError as error:
            state = State.FAILED if isinstance(error, BookingFailed) else State.RELEASED
            return _heard(await self.outcomes.record(segment, state), error)
        self.bus.publish(CalcomBookingCreated(segment.origin, segment.id))
        with log.step("confirm"):
            made = await self.outcomes.made(segment, created)
        following = next_to_make(made.visit)
        if following is None:
            return _heard(made, CalcomOutcomeUnknown())
        return await self._ask_for_next(tenant, following, made.visit, log)

    async def _ask_for_next(
        self, tenant: Tenant, following: Appointment, visit: Sequence[Appointment], log: StepLog
    ) -> Answer:
        """Go on with the next segment, unless the caller has waited long enough: then a job does."""
        if log.seconds["calcom"] > PATIENCE_SECONDS:
            async with self.database.begin(tenant.id) as stores:
                await _put_down_jobs(stores, visit)
            return Answer(as_one(visit), waits_for=CalcomUnavailable.reason)
        claimed = await self.outcomes.record(following, State.CREATING)
        if not claimed.is_mine:
            return _heard(claimed, CalcomOutcomeUnknown())
        return await self._ask(tenant, claimed.appointment, log)

    async def _put_down(self, segment: Appointment, error: BookingFailed) -> Answer:
        """Keep the chairs and put down the jobs that go on, in one transaction: neither is ever there alone."""
        state = State.UNKNOWN if isinstance(error, CalcomOutcomeUnknown) else State.QUEUED

        async def write() -> Recorded:
            async with self.database.begin(segment.tenant_id) as stores:
                recorded = await outcomes.record(stores, segment, state)
                if recorded.is_mine:
                    await _put_down_jobs(stores, recorded.visit)
                return recorded

        return _heard(await surely(write), error)

    async def original(self, tenant: Tenant, visit: Sequence[Appointment]) -> Appointment:
        """Wait until the request that came first has its answer, and give the same."""
        appointment = as_one(visit)
        for _ in range(round(COPY_WAITS_SECONDS / COPY_LOOKS_SECONDS)):
            if appointment.state is not State.CREATING:
                break
            await self.sleep(COPY_LOOKS_SECONDS)
            with suppress(AppointmentDatabaseError):
                async with self.database.begin(tenant.id) as stores:
                    first = await stores.appointments.find(tenant.id, appointment.id) or visit[0]
                    appointment = as_one(await segments_of(stores, first))
        if appointment.state is State.MOVED:
            appointment = await self._where_it_is_now(appointment)
        if appointment.state in {State.RELEASED, State.CANCELLING, State.CANCELLED}:
            raise SlotTaken
        if appointment.state is State.FAILED:
            raise CalcomRejected
        return appointment

    async def _where_it_is_now(self, moved: Appointment) -> Appointment:
        async with self.database.begin(moved.tenant_id) as stores:
            living = await stores.appointments.of_lineage(moved.tenant_id, moved.lineage)
        if not living:
            raise SlotTaken
        return living[-1]


async def _put_down_jobs(stores: Stores, visit: Sequence[Appointment]) -> None:
    for each in visit:
        if each.state in {State.QUEUED, State.UNKNOWN}:
            await stores.queue.settle(each.tenant_id, each.id, after_seconds=FIRST_LOOK_SECONDS)


def _heard(recorded: Recorded, error: BookingError) -> Answer:
    """Return what the caller is told: not what this try came to, but what stands. Raises the error if nothing does."""
    standing = recorded.whole
    if standing.state is State.CONFIRMED:
        return Answer(standing, is_news=recorded.is_mine)
    if standing.state is State.PENDING:
        return Answer(standing, waits_for=ACCEPTANCE)
    if standing.state in {State.CANCELLING, State.CANCELLED}:
        raise CalledOff
    if standing.state in UNSETTLED:
        return Answer(standing, waits_for=error.reason)
    raise error
