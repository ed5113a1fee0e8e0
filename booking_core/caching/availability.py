"""Cal.com's free slots, remembered a day at a time; dropped when something of ours changes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from booking_core.caching.cache import Cache
from booking_core.caching.keys import Keys
from booking_core.domain import rules
from booking_core.domain.models import Chair, Offering, Tenant
from booking_core.domain.ports import FreeSlots, Menu


class RememberedSlots:
    """Free slots: hints, which the hold checks. What we hold ourselves is taken off afterwards and always fresh."""

    def __init__(self, slots: FreeSlots, cache: Cache, keys: Keys) -> None:
        self._slots = slots
        self._cache = cache
        self._keys = keys

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]:
        day = start.astimezone(tenant.time_zone).date()
        if (start, end) != rules.local_day(day, tenant.time_zone):
            return await self._slots.slots(tenant, offering, start, end)

        async def load() -> tuple[int, ...]:
            return tuple(round(slot.timestamp()) for slot in await self._slots.slots(tenant, offering, start, end))

        key = self._keys.availability(tenant.id, offering.calcom_event_type_id, day)
        return [datetime.fromtimestamp(second, UTC) for second in await self._cache.find(key, load) or ()]


class AvailabilityMemory:
    """What the listener that invalidates it needs of this memory."""

    def __init__(self, menu: Menu, cache: Cache, keys: Keys) -> None:
        self._menu = menu
        self._cache = cache
        self._keys = keys

    async def forget(self, tenant_id: UUID, chair: Chair) -> None:
        """Drop the day of every event type of the member of staff: whoever colours hair cuts none meanwhile.

        The day in UTC and the salon's own, which is another near midnight; as the salon's clock is not known here,
        that of every clock.
        """
        served = await self._menu.of_staff(tenant_id, chair.staff_id)
        event_types = sorted({offering.calcom_event_type_id for offering in served})
        days = rules.days_anywhere(chair.start, chair.end)
        await self._cache.drop(self._keys.availabilities(tenant_id, event_types, days))
