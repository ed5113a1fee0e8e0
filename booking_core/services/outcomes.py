"""Writes down what came of asking Cal.com, and never over something newer.

A late answer, a cancellation, a webhook and a job may all want to write about one appointment. Whoever saw its newest
version writes; the others read again and go by what is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from booking_core.domain import states
from booking_core.domain.models import Appointment, State
from booking_core.domain.ports import CalcomBooking, Database, Stores


@dataclass(frozen=True, slots=True)
class Recorded:
    """The appointment as it stands now; not mine if somebody else had written since it was read."""

    appointment: Appointment
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Each method is one transaction."""

    database: Database

    async def record(self, seen: Appointment, state: State) -> Recorded:
        """Record the state, if the appointment is still as it was seen."""
        async with self.database.begin(seen.tenant_id) as stores:
            return await record(stores, seen, state)

    async def made(self, seen: Appointment, booking: CalcomBooking) -> Recorded:
        """Record that Cal.com holds it: a fact, which counts whatever was thought of the appointment meanwhile."""
        async with self.database.begin(seen.tenant_id) as stores:
            recorded = await record(stores, seen, State.CONFIRMED, calcom_uid=booking.uid)
            while not recorded.is_mine and states.allows(recorded.appointment.state, State.CONFIRMED):
                recorded = await record(stores, recorded.appointment, State.CONFIRMED, calcom_uid=booking.uid)
            return recorded


async def record(stores: Stores, seen: Appointment, state: State, *, calcom_uid: str | None = None) -> Recorded:
    """As `Outcomes.record`, within a transaction that has more to write."""
    settled = await stores.appointments.settle(seen, state, calcom_uid=calcom_uid)
    if settled is not None:
        return Recorded(settled, is_mine=True)
    return Recorded(await stores.appointments.find(seen.tenant_id, seen.id) or seen, is_mine=False)
