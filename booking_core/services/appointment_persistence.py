"""Holds a chair in PostgreSQL: one per wish, and never one that somebody else has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from booking_core.domain import rules
from booking_core.domain.assignment import fairest_first
from booking_core.domain.errors import SlotTaken
from booking_core.domain.models import Appointment, Customer, Offering, Origin, State, Tenant
from booking_core.domain.ports import Clock, Stores
from booking_core.services.validation import ValidBooking


@dataclass(frozen=True, slots=True)
class Held:
    """A chair for this wish; not new if the same wish was fulfilled, or is being fulfilled, already."""

    appointment: Appointment
    is_new: bool


class AppointmentPersistenceService:
    """The local record: the constraints of the database decide who gets a chair."""

    def __init__(self, new_id: Callable[[], UUID], clock: Clock) -> None:
        self._new_id = new_id
        self._clock = clock

    async def hold(  # noqa: PLR0913, PLR0917 - the six facts an appointment is made of
        self,
        stores: Stores,
        tenant: Tenant,
        booking: ValidBooking,
        customer: Customer,
        offerings: Sequence[Offering],
        origin: Origin,
    ) -> Held:
        """Hold a free chair among the offerings, the fairest first; raises SlotTaken when others have them all."""
        staff = booking.request.staff
        key = rules.wish_key(tenant.id, customer.phone, offerings[0].service_id, staff, booking.start)
        for offering in await self._in_turn(stores, tenant, booking, offerings):
            appointment = Appointment(
                id=self._new_id(),
                tenant_id=tenant.id,
                offering=offering,
                customer=customer,
                start=booking.start,
                end=booking.start + timedelta(minutes=offering.minutes),
                origin=origin,
                state=State.CREATING,
                key=key,
                asked_at=self._clock.now(),
            )
            if await stores.appointments.hold(appointment):
                return Held(appointment, is_new=True)
            # What is in the way may be this very wish, said before; nobody else need be asked then.
            living = await stores.appointments.find_living(tenant.id, key)
            if living is not None:
                return Held(living, is_new=False)
        raise SlotTaken

    async def _in_turn(
        self, stores: Stores, tenant: Tenant, booking: ValidBooking, offerings: Sequence[Offering]
    ) -> Sequence[Offering]:
        """Return whom to try, in fair order; never nobody, because the hold has the last word on who is free."""
        if len(offerings) == 1:
            return offerings
        local = booking.start.astimezone(tenant.time_zone).date()
        shortest = timedelta(minutes=min(each.minutes for each in offerings))
        workloads = await stores.appointments.workloads(
            tenant.id,
            [each.staff_id for each in offerings],
            day=rules.local_day(local, tenant.time_zone),
            wanted=(booking.start, booking.start + shortest),
        )
        return fairest_first(offerings, workloads) or offerings[:1]
