from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from booking_core.domain.calcom_news import CalcomFact, KnownBooking, Standing
from tests.fakes.rows import Stored, Told


class FakeCalcomBookings:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def learn(self, tenant_id: UUID, fact: CalcomFact) -> None:
        key = (tenant_id, fact.uid)
        before = self._rows.calcom_bookings.get(key) or Told(KnownBooking(fact.uid, fact.standing), None)
        known = before.booking
        booking = KnownBooking(
            fact.uid,
            max(known.standing, fact.standing),
            known.start or fact.start,
            known.end or fact.end,
            known.staff_id or self._staff(fact.host),
            known.successor or fact.successor,
        )
        self._rows.calcom_bookings[key] = Told(booking, before.appointment_id or fact.appointment_id)

    async def owner(self, tenant_id: UUID, uids: Sequence[str]) -> UUID | None:
        told = (
            each.appointment_id
            for (tenant, uid), each in self._rows.calcom_bookings.items()
            if tenant == tenant_id and uid in uids and each.appointment_id
        )
        held = (
            each.id
            for each in self._rows.appointments.values()
            if each.tenant_id == tenant_id and each.calcom_uid in uids
        )
        return next((*told, *held).__iter__(), None)

    async def taken(
        self, tenant_id: UUID, staff_ids: Sequence[UUID], start: datetime, end: datetime
    ) -> Sequence[tuple[UUID, datetime, datetime]]:
        return [
            (each.staff_id, each.start, each.end)
            for (tenant, _), told in self._rows.calcom_bookings.items()
            if (each := told.booking).staff_id in staff_ids
            and (tenant, told.appointment_id) == (tenant_id, None)
            and each.standing is not Standing.ENDED
            and each.start < end
            and start < each.end
        ]

    async def made_for(self, tenant_id: UUID, appointment_id: UUID) -> Sequence[KnownBooking]:
        own = [
            uid
            for (tenant, uid), each in self._rows.calcom_bookings.items()
            if (tenant, each.appointment_id) == (tenant_id, appointment_id)
        ]
        keys = {(tenant_id, uid) for first in own for uid in self._chain(tenant_id, first)}
        for key in keys:
            self._rows.calcom_bookings[key] = replace(self._rows.calcom_bookings[key], appointment_id=appointment_id)
        return [self._rows.calcom_bookings[key].booking for key in keys]

    def _chain(self, tenant_id: UUID, uid: str | None) -> Iterator[str]:
        while uid is not None and (tenant_id, uid) in self._rows.calcom_bookings:
            yield uid
            uid = self._rows.calcom_bookings[tenant_id, uid].booking.successor

    def _staff(self, slug: str | None) -> UUID | None:
        return next((each.staff_id for each in self._rows.offerings if each.staff_slug == slug), None)
