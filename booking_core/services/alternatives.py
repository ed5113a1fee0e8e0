"""Finds free slots: for the caller who asks, and for the caller whose slot is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from booking_core.domain import rules
from booking_core.domain.models import AvailabilityRequest, Offering, OpenSlot, Tenant
from booking_core.domain.ports import Calcom, Clock, Database
from booking_core.services.service_resolution import ServiceResolutionService

OFFERED_INSTEAD = 3


class SlotFinder:
    """Cal.com's free slots, less what we hold ourselves. A slot is a hint, never a promise."""

    def __init__(self, database: Database, calcom: Calcom, services: ServiceResolutionService, clock: Clock) -> None:
        self._database = database
        self._calcom = calcom
        self._services = services
        self._clock = clock

    async def find(self, tenant: Tenant, request: AvailabilityRequest) -> tuple[Offering, Sequence[OpenSlot]]:
        """Return the first offering (for its names) and the free slots of the local day, nearest first if asked."""
        async with self._database.begin(tenant.id) as stores:
            offerings = await self._services.resolve(stores, tenant, request.service, request.staff)
        slots = await self._open(tenant, offerings, request.day)
        return offerings[0], _nearest(slots, request, tenant.time_zone)[: request.limit]

    async def _open(self, tenant: Tenant, offerings: Sequence[Offering], day: date) -> list[OpenSlot]:
        start, end = rules.local_day(day, tenant.time_zone)
        listed = await asyncio.gather(*(self._calcom.slots(tenant, each, start, end) for each in offerings))
        async with self._database.begin(tenant.id) as stores:
            staff = [offering.staff_id for offering in offerings]
            occupied = await stores.appointments.occupied(tenant.id, staff, start, end)
        earliest = self._clock.now() + rules.MINIMUM_NOTICE
        return sorted(
            (
                OpenSlot(slot, offering.staff_slug)
                for offering, slots in zip(offerings, listed, strict=True)
                for slot in _free(slots, offering, occupied)
                # Cal.com has been seen to list slots outside the asked range, so both ends are checked here.
                if max(start, earliest) <= slot < end
            ),
            key=lambda slot: (slot.start, slot.staff_slug),
        )


def _free(
    slots: Sequence[datetime], offering: Offering, occupied: Sequence[tuple[object, datetime, datetime]]
) -> Iterator[datetime]:
    taken = [(start, end) for staff_id, start, end in occupied if staff_id == offering.staff_id]
    length = timedelta(minutes=offering.minutes)
    for slot in slots:
        if not any(start < slot + length and slot < end for start, end in taken):
            yield slot


def _nearest(slots: list[OpenSlot], request: AvailabilityRequest, zone: ZoneInfo) -> list[OpenSlot]:
    if request.near is None:
        return slots
    wanted = datetime.combine(request.day, request.near, zone)
    return sorted(slots, key=lambda slot: (abs(slot.start - wanted), slot.start, slot.staff_slug))
