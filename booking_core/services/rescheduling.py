"""Moves an appointment: both times are held until Cal.com has moved the booking, so the customer never has none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from booking_core.bus import Bus
from booking_core.domain.errors import AppointmentBusy, CalcomRejected, MoveRefused, SlotTaken, UnknownAppointment
from booking_core.domain.events import AppointmentRescheduled
from booking_core.domain.models import Appointment, Origin, State, Tenant
from booking_core.domain.ports import Database, Outdated, Stores
from booking_core.services.alternatives import SlotFinder
from booking_core.services.appointment_persistence import AppointmentPersistenceService
from booking_core.services.commits import surely
from booking_core.services.making import Answer, Making
from booking_core.services.steps import StepLog
from booking_core.services.validation import BookingValidationService


@dataclass(frozen=True, slots=True)
class Rescheduling:
    """The same move said twice gets the same answer. An id keeps its meaning: it names the visit at whatever time."""

    database: Database
    bus: Bus
    validation: BookingValidationService
    appointments: AppointmentPersistenceService
    making: Making
    slots: SlotFinder

    async def move(self, tenant: Tenant, appointment_id: UUID, start: str, origin: Origin) -> Appointment:
        """Return the appointment at its new time: confirmed, or held while its former time still stands.

        Raises UnknownAppointment, AppointmentBusy, SlotTaken with alternatives, MoveRefused, and what the new time
        is refused for.
        """
        when = self.validation.start(tenant, start)
        try:
            appointment, is_new = await self._hold(tenant, appointment_id, when, origin)
        except Outdated as error:
            # The service is not offered any more as it was then.
            raise MoveRefused from error
        try:
            answer = await self._make(tenant, appointment) if is_new else await self._repeat(tenant, appointment)
        except SlotTaken as taken:
            raise await self._taken(tenant, appointment, when) from taken
        except CalcomRejected as error:
            raise MoveRefused from error
        return answer.appointment

    async def _hold(
        self, tenant: Tenant, appointment_id: UUID, when: datetime, origin: Origin
    ) -> tuple[Appointment, bool]:
        """Return what takes the place of the former, and whether it is new: the same move may have been said before.

        One whose commit was in doubt is as new.
        """
        tried: set[UUID] = set()

        async def hold() -> tuple[Sequence[Appointment], bool]:
            async with self.database.begin(tenant.id) as stores:
                visit = await self._visit(stores, tenant, appointment_id)
                if _is_at(visit, when):
                    return visit, any(each.id in tried for each in visit)
                with suppress(SlotTaken):
                    held = await self.appointments.hold_instead(stores, _movable(visit), when, origin)
                    tried.add(held.id)
                    return [held], True
                # Taken perhaps by this very move, said in the same moment.
                return await self._visit(stores, tenant, appointment_id), False

        visit, is_new = await surely(hold)
        if not _is_at(visit, when):
            raise await self._taken(tenant, visit[0], when)
        return next(each for each in visit if each.start == when), is_new

    async def _visit(self, stores: Stores, tenant: Tenant, appointment_id: UUID) -> Sequence[Appointment]:
        named = await stores.appointments.find(tenant.id, appointment_id)
        visit = await stores.appointments.of_lineage(tenant.id, named.lineage) if named else ()
        if not visit:
            raise UnknownAppointment
        return visit

    async def _repeat(self, tenant: Tenant, appointment: Appointment) -> Answer:
        return Answer(await self.making.original(tenant, [appointment]), is_copy=True)

    async def _make(self, tenant: Tenant, moving: Appointment) -> Answer:
        answer = await self.making.make(tenant, [moving], StepLog())
        moved, former = answer.appointment, moving.former
        if answer.waits_for is None and answer.is_news and former is not None:
            about, chairs = (moved.origin, moved.id, moved.tenant_id), (moving.chair, moving.former_chair)
            self.bus.publish(AppointmentRescheduled(*about, former.id, None, *chairs))
        return answer

    async def _taken(self, tenant: Tenant, appointment: Appointment, when: datetime) -> SlotTaken:
        offering = appointment.offering
        nearest = await self.slots.instead(tenant, offering.service_slug, when, offering.staff_slug)
        return SlotTaken(alternatives=nearest)


def _is_at(visit: Sequence[Appointment], when: datetime) -> bool:
    return any(each.start == when for each in visit)


def _movable(visit: Sequence[Appointment]) -> Appointment:
    """Return the one that stands; raises AppointmentBusy while it is made, moved or cancelled, else MoveRefused."""
    if visit[0].visit_id is not None:
        raise MoveRefused(
            "An appointment in several parts cannot be moved as a whole: it stands. Please call the salon."
        )
    if len(visit) > 1 or visit[0].state is not State.CONFIRMED:
        raise AppointmentBusy
    return visit[0]
