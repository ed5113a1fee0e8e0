"""Which customer a telephone number belongs to, remembered as an opaque id: names and addresses stay in PostgreSQL."""

from __future__ import annotations

from uuid import UUID

from booking_core.caching.cache import Cache
from booking_core.caching.keys import Keys
from booking_core.domain.models import Customer, CustomerWish
from booking_core.domain.ports import Callers


class RememberedCallers:
    """Callers. Who is remembered is returned under the name just heard; the hold tells the name we know."""

    def __init__(self, callers: Callers, cache: Cache, keys: Keys) -> None:
        self._callers = callers
        self._cache = cache
        self._keys = keys

    async def resolve(self, tenant_id: UUID, wish: CustomerWish) -> Customer:
        if wish.email is not None:
            # It may be the first we learn, and must be written down.
            return await self._callers.resolve(tenant_id, wish)

        async def load() -> UUID:
            return (await self._callers.resolve(tenant_id, wish)).id

        customer_id = await self._cache.find(self._keys.phone(tenant_id, wish.phone), load)
        if customer_id is None:
            return await self._callers.resolve(tenant_id, wish)
        return Customer(customer_id, wish.phone, wish.name, wish.email)

    async def forget(self, tenant_id: UUID, phone: str) -> None:
        await self._cache.distrust([self._keys.phone(tenant_id, phone)])
        await self._callers.forget(tenant_id, phone)
