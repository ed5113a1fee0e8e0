"""Calls appointments off: noted here first, then carried out at Cal.com, in the call or by a job.

Until Cal.com agrees the chair stays held. The same way is taken when we have to undo what we made ourselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog

from booking_core.bus import Bus
from booking_core.domain import rules
from booking_core.domain.errors import (
    AppointmentDatabaseError,
    CalcomOutcomeUnknown,
    CalcomRejected,
    CancellationRefused,
    UnknownAppointment,
)
from booking_core.domain.events import AppointmentCancellationRefused, AppointmentCancelled
from booking_core.domain.models import Appointment, State, Tenant
from booking_core.domain.ports import Calcom, CalcomBooking, Clock, Database
from booking_core.services import absence
from booking_core.services.calendar import Calendar
from booking_core.services.commits import surely
from booking_core.services.outcomes import STANDS_AS, WAITING, Outcomes, Recorded, call_off

UNSAID = "cancelled by the salon's booking system"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Each one ends in AppointmentCancelled, or in AppointmentCancellationRefused and the appointment stands."""

    database: Database
    calcom: Calcom
    calendar: Calendar
    bus: Bus
    clock: Clock
    outcomes: Outcomes

    async def cancel(self, tenant: Tenant, appointment_id: UUID, *, reason: str) -> Appointment:
        """Return the appointment: ended, or CANCELLING, which is noted and will be carried out by a job.

        Cancelling again is a success. Raises UnknownAppointment, CancellationRefused and AppointmentDatabaseError.
        """
        noted = await self._note(tenant, appointment_id, rules.on_one_line(reason) or UNSAID)
        visit = [await self._try_now(tenant, each) for each in noted]
        return next((each for each in visit if each.state is State.CANCELLING), visit[0])

    async def _try_now(self, tenant: Tenant, noted: Recorded) -> Appointment:
        """Carry out as much as Cal.com lets us while the caller waits."""
        for segment in noted.visit:
            if segment.state is State.CANCELLING and segment.calcom_uid is not None:
                with suppress(*WAITING, CalcomRejected, AppointmentDatabaseError):
                    noted = await self._carry_out(tenant, segment, segment.calcom_uid)
        return noted.whole

    async def go_on(self, tenant: Tenant, cancelling: Appointment) -> float | None:
        """Do, as a job, what can be done now. Return the seconds after which to come again, or None at the end."""
        uid = cancelling.calcom_uid or await self._look(tenant, cancelling)
        if uid is None and not absence.is_believed(cancelling, now=self.clock.now()):
            return await absence.note(self.database, cancelling)
        if uid is None:
            await self._end(cancelling)
            return None
        try:
            await self._carry_out(tenant, cancelling, uid)
        except CancellationRefused:
            return None  # and told: see _refused
        except CalcomOutcomeUnknown:
            # Cal.com may answer like this to what it has cancelled already, however often it is asked.
            if await self._standing(tenant, uid):
                raise
            await self._end(cancelling)
        return None

    async def happened(self, standing: Appointment) -> bool:
        """Record that Cal.com holds it no longer: somebody cancelled it there. Return whether that was news."""
        recorded = await self.outcomes.record(standing, State.CANCELLED)
        self._told(recorded)
        return recorded.is_mine

    async def undo(self, tenant_id: UUID, uid: str, *, reason: str) -> None:
        """Cancel a booking that belongs to no appointment of ours. Raises BookingFailed if it must be tried again."""
        async with self.database.begin(tenant_id) as stores:
            tenant = await stores.tenants.get(tenant_id)
        try:
            await self.calcom.cancel(tenant, uid, reason=reason)
        except (CalcomRejected, CalcomOutcomeUnknown) as error:
            if not await self._standing(tenant, uid):
                return
            if isinstance(error, CalcomOutcomeUnknown):
                raise
            _log.error("booking_cannot_be_undone", calcom_uid=uid, said=str(error))

    async def _note(self, tenant: Tenant, appointment_id: UUID, reason: str) -> Sequence[Recorded]:
        """Note it for whatever time the appointment has now; while it is being moved, for both times."""

        async def note() -> Sequence[Recorded]:
            async with self.database.begin(tenant.id) as stores:
                named = await stores.appointments.find(tenant.id, appointment_id)
                if named is None:
                    raise UnknownAppointment
                visit = await stores.appointments.of_lineage(tenant.id, named.lineage) or [named]
                return [await call_off(stores, each, reason=reason) for each in visit]

        return [self._told(each) for each in await surely(note)]

    async def _look(self, tenant: Tenant, cancelling: Appointment) -> str | None:
        found = await self.calendar.find(tenant, cancelling)
        return found.uid if found else None

    async def _carry_out(self, tenant: Tenant, cancelling: Appointment, uid: str) -> Recorded:
        try:
            await self.calcom.cancel(tenant, uid, reason=cancelling.cancellation_reason or UNSAID)
        except CalcomRejected as error:
            standing = await self._standing(tenant, uid)
            if standing is not None:
                return await self._refused(cancelling, standing, error)
        return await self._end(cancelling)

    async def _standing(self, tenant: Tenant, uid: str) -> CalcomBooking | None:
        booking = await self.calcom.get(tenant, uid)
        return booking if booking and booking.is_live else None

    async def _refused(self, cancelling: Appointment, standing: CalcomBooking, error: CalcomRejected) -> Recorded:
        """Let the appointment stand as it does at Cal.com, and say so."""
        recorded = await self.outcomes.record(cancelling, STANDS_AS[standing.status], calcom_uid=standing.uid)
        if recorded.appointment.state is State.CANCELLED:
            return recorded
        if recorded.is_mine:
            _log.error("cancellation_refused", appointment_id=str(cancelling.id), said=str(error))
            self.bus.publish(AppointmentCancellationRefused(cancelling.origin, cancelling.id, cancelling.tenant_id))
        raise CancellationRefused from error

    async def _end(self, cancelling: Appointment) -> Recorded:
        return self._told(await self.outcomes.record(cancelling, State.CANCELLED))

    def _told(self, recorded: Recorded) -> Recorded:
        """Say so when the last segment is cancelled; not of what is undone because the visit could not be made."""
        whole = recorded.whole
        if recorded.is_mine and whole.state is State.CANCELLED:
            self.bus.publish(AppointmentCancelled(whole.origin, whole.id, whole.tenant_id, whole.chair))
        return recorded
