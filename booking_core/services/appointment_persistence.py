"""Holds a chair in PostgreSQL: one per wish, and never one that somebody else has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from booking_core.domain import rules
from booking_core.domain.assignment import fairest_first
from booking_core.domain.errors import SlotTaken
from booking_core.domain.models import Appointment, Customer, Former, Origin, State, Tenant
from booking_core.domain.ports import Clock, Stores
from booking_core.domain.visits import Pattern, certain_stretches, segment_key, stretches
from booking_core.services.outcomes import segments_of
from booking_core.services.validation import ValidBooking


@dataclass(frozen=True, slots=True)
class Held:
    """The chairs of a visit; not new if the same wish was fulfilled, or is being fulfilled, already."""

    visit: Sequence[Appointment]
    is_new: bool


class AppointmentPersistenceService:
    """The local record: the constraints of the database decide who gets a chair."""

    def __init__(self, new_id: Callable[[], UUID], clock: Clock) -> None:
        self._new_id = new_id
        self._clock = clock

    async def hold(  # noqa: PLR0913, PLR0917 - the facts an appointment is made of
        self,
        stores: Stores,
        tenant: Tenant,
        booking: ValidBooking,
        customer: Customer,
        offered: Sequence[Pattern],
        origin: Origin,
        tried: set[UUID],
    ) -> Held:
        """Hold the chairs of one member of staff, the fairest first; raises SlotTaken when others have them all.

        `tried` are the appointments this request has tried to hold before: one whose commit was in doubt is as new.
        Raises Outdated as Appointments.hold does.
        """
        staff = booking.request.staff
        key = rules.wish_key(tenant.id, customer.phone, offered[0][0].service_id, staff, booking.start)
        for pattern in await self._in_turn(stores, tenant, booking, offered):
            visit = self._visit(tenant, booking, customer, pattern, key, origin)
            tried.update(each.id for each in visit)
            held = await stores.appointments.hold(*visit)
            if held is not None:
                return Held(held, is_new=True)
            # What is in the way may be this very wish, said before; nobody else need be asked then.
            living = await stores.appointments.find_living(tenant.id, key)
            if living is not None:
                return Held(await segments_of(stores, living), is_new=living.id in tried)
        raise SlotTaken

    def _visit(  # noqa: PLR0913, PLR0917 - as above
        self, tenant: Tenant, booking: ValidBooking, customer: Customer, pattern: Pattern, key: UUID, origin: Origin
    ) -> Sequence[Appointment]:
        ids = [self._new_id() for _ in pattern]
        return [
            Appointment(
                id=appointment_id,
                tenant_id=tenant.id,
                offering=segment,
                customer=customer,
                start=start,
                end=end,
                origin=origin,
                # One is asked for at a time; the others wait for their turn.
                state=State.QUEUED if segment.segment else State.CREATING,
                key=segment_key(key, segment.segment),
                asked_at=self._clock.now(),
                visit_id=ids[0] if len(pattern) > 1 else None,
            )
            for appointment_id, segment, (start, end) in zip(
                ids, pattern, stretches(pattern, booking.start), strict=True
            )
        ]

    async def hold_instead(self, stores: Stores, former: Appointment, start: datetime, origin: Origin) -> Appointment:
        """Hold the same chair at another time, while the former time stays held; raises SlotTaken."""
        # As if nobody in particular had been asked for: whoever now says "book it then" gets this very appointment.
        key = rules.wish_key(former.tenant_id, former.customer.phone, former.offering.service_id, None, start)
        appointment = replace(
            former,
            id=self._new_id(),
            start=start,
            end=start + (former.end - former.start),
            origin=origin,
            state=State.CREATING,
            key=key,
            asked_at=self._clock.now(),
            calcom_uid=None,
            cancellation_reason=None,
            former=Former(former.id, former.state, former.calcom_uid, former.start),
            first_id=former.lineage,
            doubted_at=None,
            looks=0,
            version=0,
        )
        held = await stores.appointments.hold(appointment)
        if held is None:
            raise SlotTaken
        return held[0]

    async def _in_turn(
        self, stores: Stores, tenant: Tenant, booking: ValidBooking, offered: Sequence[Pattern]
    ) -> Sequence[Pattern]:
        """Return whom to try, in fair order; never nobody, because the hold has the last word on who is free."""
        if len(offered) == 1:
            return offered
        local = booking.start.astimezone(tenant.time_zone).date()
        workloads = await stores.appointments.workloads(
            tenant.id,
            [pattern[0].staff_id for pattern in offered],
            day=rules.local_day(local, tenant.time_zone),
            wanted=certain_stretches(offered, booking.start),
        )
        return fairest_first(offered, workloads) or offered[:1]
