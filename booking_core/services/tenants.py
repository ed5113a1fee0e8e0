"""Which salon is asking. Remembered for a while, so that knowing the caller does not hang on the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.domain.models import Tenant
from booking_core.domain.ports import EVERY_TENANT, Clock, Database, Stores

# A key that was withdrawn works so much longer.
FRESH_FOR = timedelta(seconds=30)
# While the database is away, callers are still known: their bookings fail by name and are counted.
STALE_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Seen:
    tenant: Tenant
    at: datetime


class TenantDirectory:
    """Tenants by path token and by API key. Only tenants that exist are remembered, so strangers take no room."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen: dict[tuple[str, str], _Seen] = {}

    async def by_token(self, token: str) -> Tenant | None:
        return await self._find("token", token, lambda stores: stores.tenants.find_by_token(token))

    async def by_api_key(self, key: str) -> Tenant | None:
        return await self._find("api_key", key, lambda stores: stores.tenants.find_by_api_key(key))

    async def _find(self, kind: str, word: str, look: Callable[[Stores], Awaitable[Tenant | None]]) -> Tenant | None:
        now, seen = self._clock.now(), self._seen.get((kind, word))
        if seen is not None and now < seen.at + FRESH_FOR:
            return seen.tenant
        try:
            async with self._database.begin(EVERY_TENANT) as stores:
                tenant = await look(stores)
        except AppointmentDatabaseError:
            if seen is not None and now < seen.at + STALE_FOR:
                return seen.tenant
            raise
        self._seen.pop((kind, word), None)
        if tenant is not None:
            self._seen[kind, word] = _Seen(tenant, now)
        return tenant
