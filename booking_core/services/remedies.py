"""Puts one difference between Cal.com and us right. Looks again first: what a list said may no longer be so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from booking_core.bus import Bus
from booking_core.domain.discrepancies import (
    Action,
    Finding,
    ListedBooking,
    Outcome,
    Window,
    differs,
    remedy,
)
from booking_core.domain.events import AppointmentMoved
from booking_core.domain.models import OCCUPYING, Appointment, Offering, State, Tenant
from booking_core.domain.ports import Calcom, CalcomBooking, Database, Stores
from booking_core.services.cancellation import Cancellation
from booking_core.services.outcomes import tell_moved

REASON = "reconciliation: this appointment does not exist any more"
# So often may one booking have been moved before we call it a riddle.
_MOVES = 10


@dataclass(frozen=True, slots=True)
class Remedies:
    """Each remedy may be repeated, and may be interrupted anywhere."""

    database: Database
    calcom: Calcom
    cancellation: Cancellation
    bus: Bus

    async def apply(self, tenant: Tenant, finding: Finding) -> Outcome:
        """Do what the finding asks for. Raises BookingFailed if Cal.com or the database does not let us."""
        remedies: Mapping[Action, Callable[[Tenant, Finding], Awaitable[Outcome]]] = {
            Action.CANCEL_THERE: self._cancel_there,
            Action.CANCEL_HERE: self._cancel_here,
            Action.ADOPT: self._adopt,
            Action.MAKE_AGAIN: self._make_again,
            Action.SETTLE: self._settle,
            Action.ASK_A_PERSON: self._leave,
            Action.LEAVE_ALONE: self._leave,
        }
        return await remedies[remedy(finding)](tenant, finding)

    async def _cancel_there(self, tenant: Tenant, finding: Finding) -> Outcome:
        booking, row = finding.booking, await self._row(tenant, finding)
        if booking is None or booking.tenant_id != tenant.id or row is None or await self._needs(tenant, row, booking):
            return Outcome.GONE
        now = await self.calcom.get(tenant, booking.uid)
        if now is None or not now.is_live:
            return Outcome.GONE
        await self.cancellation.undo(tenant.id, booking.uid, reason=REASON)
        left = await self.calcom.get(tenant, booking.uid)
        # Some event types do not let anybody cancel.
        return Outcome.LEFT_TO_A_PERSON if left is not None and left.is_live else Outcome.CANCELLED_THERE

    async def _needs(self, tenant: Tenant, row: Appointment, booking: ListedBooking) -> bool:
        """Tell whether the appointment lives by this booking, or may; not if it surely lives by another."""
        if row.state not in OCCUPYING:
            return False
        if row.state is not State.CONFIRMED or row.calcom_uid in (None, booking.uid):
            return True
        own = await self.calcom.get(tenant, row.calcom_uid)
        return own is None or not own.is_live

    async def _cancel_here(self, tenant: Tenant, finding: Finding) -> Outcome:
        row = await self._confirmed(tenant, finding)
        booking = await self._latest(tenant, row.calcom_uid) if row else None
        if row is None or booking is None or booking.is_live:
            return Outcome.GONE
        return Outcome.CANCELLED_HERE if await self.cancellation.happened(row) else Outcome.GONE

    async def _make_again(self, tenant: Tenant, finding: Finding) -> Outcome:
        row = await self._confirmed(tenant, finding)
        if row is None or row.calcom_uid is None or await self.calcom.get(tenant, row.calcom_uid) is not None:
            return Outcome.GONE
        async with self.database.begin(tenant.id) as stores:
            if await stores.appointments.settle(row, State.UNKNOWN) is None:
                return Outcome.GONE
            await stores.queue.settle(row.tenant_id, row.id, after_seconds=0.0)
        return Outcome.MAKING_AGAIN

    async def _adopt(self, tenant: Tenant, finding: Finding) -> Outcome:
        booking, row = finding.booking, await self._confirmed(tenant, finding)
        if booking is None or row is None or not differs(row, booking):
            return Outcome.GONE
        now = await self.calcom.get(tenant, booking.uid)
        if now is None or not now.is_live or now.start != booking.start:
            return Outcome.GONE
        async with self.database.begin(tenant.id) as stores:
            offering = await _offering(stores, row, booking)
            period = Window(booking.start, booking.end)
            if offering is None or not await stores.appointments.move(row, offering, period, calcom_uid=booking.uid):
                return Outcome.LEFT_TO_A_PERSON
            await tell_moved(stores, row)
        self.bus.publish(AppointmentMoved(row.origin, row.id, row.tenant_id, row.chair))
        return Outcome.ADOPTED

    async def _settle(self, tenant: Tenant, finding: Finding) -> Outcome:
        row = await self._row(tenant, finding)
        if row is None or row.state not in OCCUPYING or row.state is State.CONFIRMED:
            return Outcome.GONE
        async with self.database.begin(tenant.id) as stores:
            await stores.queue.settle(row.tenant_id, row.id, after_seconds=0.0)
        return Outcome.SETTLING

    async def _leave(self, tenant: Tenant, finding: Finding) -> Outcome:
        return Outcome.LEFT_TO_A_PERSON

    async def _row(self, tenant: Tenant, finding: Finding) -> Appointment | None:
        if finding.appointment is None:
            return None
        async with self.database.begin(tenant.id) as stores:
            return await stores.appointments.find(tenant.id, finding.appointment.id)

    async def _confirmed(self, tenant: Tenant, finding: Finding) -> Appointment | None:
        row = await self._row(tenant, finding)
        return row if row is not None and row.state is State.CONFIRMED else None

    async def _latest(self, tenant: Tenant, uid: str | None) -> CalcomBooking | None:
        """Return a booking as it is now; one that was moved is followed to where it went."""
        booking = await self.calcom.get(tenant, uid) if uid else None
        for _ in range(_MOVES):
            if booking is None or booking.moved_to is None:
                break
            booking = await self.calcom.get(tenant, booking.moved_to)
        return booking


async def _offering(stores: Stores, row: Appointment, booking: ListedBooking) -> Offering | None:
    """Return who serves the customer now; None if the salon made another service of it, which nobody agreed to."""
    if booking.event_type_id in (None, row.offering.calcom_event_type_id):
        return row.offering
    same_service = await stores.services.offerings(row.tenant_id, str(row.offering.service_id))
    return next((each for each in same_service if each.calcom_event_type_id == booking.event_type_id), None)
