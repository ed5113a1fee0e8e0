"""What salons offer, remembered: by the words of callers, and by member of staff."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from booking_core.caching.cache import Cache
from booking_core.caching.keys import Keys
from booking_core.domain.models import Offering, ServiceNames
from booking_core.domain.ports import Menu


class RememberedMenu:
    """A Menu; a change in the database is seen here within five minutes, and before anybody is booked by it."""

    def __init__(self, menu: Menu, cache: Cache, keys: Keys) -> None:
        self._menu = menu
        self._cache = cache
        self._keys = keys

    async def offerings(self, tenant_id: UUID, service: str) -> Sequence[Offering]:
        async def load() -> tuple[Offering, ...] | None:
            return tuple(await self._menu.offerings(tenant_id, service)) or None

        return await self._cache.find(self._keys.service(tenant_id, service), load) or ()

    async def of_staff(self, tenant_id: UUID, staff_id: UUID) -> Sequence[Offering]:
        async def load() -> tuple[Offering, ...] | None:
            return tuple(await self._menu.of_staff(tenant_id, staff_id)) or None

        return await self._cache.find(self._keys.user(tenant_id, staff_id), load) or ()

    async def names(self, tenant_id: UUID) -> Sequence[ServiceNames]:
        # Only who asks for something unknown needs these.
        return await self._menu.names(tenant_id)

    async def forget(self, tenant_id: UUID, service: str) -> None:
        await self._cache.distrust([self._keys.service(tenant_id, service)])
        await self._menu.forget(tenant_id, service)
