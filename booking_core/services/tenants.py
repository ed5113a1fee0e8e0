"""Which salon is asking. Remembered for a while, so that knowing the caller does not hang on the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from booking_core.domain.access import Bearer
from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.domain.models import Tenant
from booking_core.domain.ports import EVERY_TENANT, Clock, Database, Stores

# A key that was withdrawn works so much longer.
FRESH_FOR = timedelta(seconds=30)
# While the database is away, callers are still known: their bookings fail by name and are counted.
STALE_FOR = timedelta(hours=1)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Seen(Generic[T]):
    found: T
    at: datetime


class TenantDirectory:
    """Tenants by path token and by API key. Only tenants that exist are remembered, so strangers take no room."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._by_token: dict[str, _Seen[Tenant]] = {}
        self._by_key: dict[str, _Seen[Bearer]] = {}

    async def by_token(self, token: str) -> Tenant | None:
        return await self._find(self._by_token, token, lambda stores: stores.tenants.find_by_token(token))

    async def by_api_key(self, key: str) -> Bearer | None:
        return await self._find(self._by_key, key, lambda stores: stores.keys.find_bearer(key))

    async def _find(
        self, known: dict[str, _Seen[T]], word: str, look: Callable[[Stores], Awaitable[T | None]]
    ) -> T | None:
        now, seen = self._clock.now(), known.get(word)
        if seen is not None and now < seen.at + FRESH_FOR:
            return seen.found
        try:
            async with self._database.begin(EVERY_TENANT) as stores:
                found = await look(stores)
        except AppointmentDatabaseError:
            if seen is not None and now < seen.at + STALE_FOR:
                return seen.found
            raise
        known.pop(word, None)
        if found is not None:
            known[word] = _Seen(found, now)
        return found
