"""Finds free slots: for the caller who asks, and for the caller whose slot is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from booking_core.domain import rules
from booking_core.domain.errors import BookingFailed
from booking_core.domain.models import AvailabilityRequest, Offering, OpenSlot, Tenant
from booking_core.domain.ports import Clock, Database, FreeSlots
from booking_core.domain.visits import Pattern, stretches
from booking_core.services.service_resolution import ServiceResolutionService

OFFERED_INSTEAD = 3


class SlotFinder:
    """Cal.com's free slots, less what we hold and what others have booked. A slot is a hint, never a promise."""

    def __init__(
        self,
        database: Database,
        services: ServiceResolutionService,
        clock: Clock,
        *,
        calcom: FreeSlots,
        remembered: FreeSlots,
    ) -> None:
        self._database = database
        self._calcom = calcom
        self._remembered = remembered
        self._services = services
        self._clock = clock

    async def find(self, tenant: Tenant, request: AvailabilityRequest) -> tuple[Offering, Sequence[OpenSlot]]:
        """Return the first offering (for its names) and the free slots of the local day, nearest first if asked."""
        offered = await self._services.resolve(tenant, request.service, request.staff)
        source = self._calcom if request.is_fresh else self._remembered
        slots = await self._open(tenant, offered, request.day, source)
        return offered[0][0], _nearest(slots, request, tenant.time_zone)[: request.limit]

    async def instead(self, tenant: Tenant, service: str, start: datetime, staff: str | None) -> Sequence[OpenSlot]:
        """Return free slots near a lost one; a refusal without alternatives beats no answer."""
        local = start.astimezone(tenant.time_zone)
        wish = AvailabilityRequest(service, local.date(), local.time(), staff, OFFERED_INSTEAD)
        try:
            _, slots = await self.find(tenant, wish)
        except BookingFailed:
            return ()
        return slots

    async def _open(self, tenant: Tenant, offered: Sequence[Pattern], day: date, source: FreeSlots) -> list[OpenSlot]:
        start, end = rules.local_day(day, tenant.time_zone)
        listed = await asyncio.gather(*(_starts(source, tenant, each, start, end) for each in offered))
        async with self._database.begin(tenant.id) as stores:
            staff = [pattern[0].staff_id for pattern in offered]
            until = max(stretches(pattern, end)[-1][1] for pattern in offered)
            ours = await stores.appointments.occupied(tenant.id, staff, start, until)
            occupied = [*ours, *await stores.calcom_bookings.taken(tenant.id, staff, start, until)]
        earliest = self._clock.now() + rules.MINIMUM_NOTICE
        return sorted(
            (
                OpenSlot(slot, pattern[0].staff_slug)
                for pattern, slots in zip(offered, listed, strict=True)
                for slot in _free(slots, pattern, occupied)
                # Cal.com has been seen to list slots outside the asked range, so both ends are checked here.
                if max(start, earliest) <= slot < end
            ),
            key=lambda slot: (slot.start, slot.staff_slug),
        )


async def _starts(
    source: FreeSlots, tenant: Tenant, pattern: Pattern, start: datetime, end: datetime
) -> Sequence[datetime]:
    """Return the starts at which Cal.com offers every segment at its own time; a visit ends on its day."""
    first, *others = await asyncio.gather(*(source.slots(tenant, each, start, end) for each in pattern))
    offsets = [timedelta(minutes=segment.offset_minutes) for segment in pattern[1:]]
    later = [{slot - offset for slot in slots} for slots, offset in zip(others, offsets, strict=True)]
    return [slot for slot in first if all(slot in starts for starts in later)]


def _free(
    slots: Sequence[datetime], pattern: Pattern, occupied: Sequence[tuple[object, datetime, datetime]]
) -> Iterator[datetime]:
    taken = [(start, end) for staff_id, start, end in occupied if staff_id == pattern[0].staff_id]
    for slot in slots:
        wanted = stretches(pattern, slot)
        if not any(start < segment_end and begin < end for begin, segment_end in wanted for start, end in taken):
            yield slot


def _nearest(slots: list[OpenSlot], request: AvailabilityRequest, zone: ZoneInfo) -> list[OpenSlot]:
    if request.near is None:
        return slots
    wanted = datetime.combine(request.day, request.near, zone)
    return sorted(slots, key=lambda slot: (abs(slot.start - wanted), slot.start, slot.staff_slug))
