"""How an appointment comes to stand at Cal.com, and is found there: a first one is created, another's is moved."""

from __future__ import annotations

from dataclasses import dataclass

from booking_core.domain.errors import CalcomOutcomeUnknown
from booking_core.domain.models import Appointment, Former, Tenant
from booking_core.domain.ports import Calcom, CalcomBooking

# Cal.com keeps it with the booking, and shows it to the salon.
ASKED = "the customer asked for another time"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The one place that knows the difference. Raises what the calendar's port does."""

    calcom: Calcom

    async def make(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        """Make it stand; not to be repeated before it was looked for."""
        former = _moving(appointment)
        if former is None:
            return await self.calcom.create(tenant, appointment)
        return await self.calcom.reschedule(tenant, former.calcom_uid or "", appointment.start, reason=ASKED)

    async def find(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking | None:
        """Return the booking that was made for it, if one was; what was moved may have ended since."""
        former = _moving(appointment)
        if former is None:
            return await self.calcom.find(tenant, appointment)
        return await self._successor(tenant, former, appointment)

    async def _successor(self, tenant: Tenant, former: Former, appointment: Appointment) -> CalcomBooking | None:
        """Follow the former booking, which names the one it was moved to."""
        left = await self.calcom.get(tenant, former.calcom_uid or "")
        if left is None or left.moved_to is None:
            return None
        moved = await self.calcom.get(tenant, left.moved_to)
        if moved is None:
            raise CalcomOutcomeUnknown  # its reads lag: it has told us of a booking that it does not know yet
        # One that the salon has moved to another time is not what we asked for.
        return moved if moved.start == appointment.start and moved.moved_to is None else None


def _moving(appointment: Appointment) -> Former | None:
    return appointment.former if appointment.is_move else None
