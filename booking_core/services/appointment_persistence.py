"""Holds a chair in PostgreSQL and records what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from booking_core.domain.errors import SlotTaken
from booking_core.domain.models import Appointment, Customer, Offering, Origin, State, Tenant
from booking_core.domain.ports import Stores
from booking_core.services.validation import ValidBooking


class AppointmentPersistenceService:
    """The local record: the exclusion constraint decides who gets a chair."""

    def __init__(self, new_id: Callable[[], UUID]) -> None:
        self._new_id = new_id

    async def hold(  # noqa: PLR0913, PLR0917 - the six facts an appointment is made of
        self,
        stores: Stores,
        tenant: Tenant,
        booking: ValidBooking,
        customer: Customer,
        offerings: Sequence[Offering],
        origin: Origin,
    ) -> Appointment:
        """Hold the first free chair among the offerings; raises SlotTaken when all are occupied."""
        for offering in offerings:
            appointment = Appointment(
                id=self._new_id(),
                tenant_id=tenant.id,
                offering=offering,
                customer=customer,
                start=booking.start,
                end=booking.start + timedelta(minutes=offering.minutes),
                origin=origin,
                state=State.CREATING,
            )
            if await stores.appointments.hold(appointment):
                return appointment
        raise SlotTaken
