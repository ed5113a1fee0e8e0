"""Keeps the engagement score of customers: counted anew from the appointments, so repeats and misses do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from booking_core.domain.engagement import score
from booking_core.domain.ports import EVERY_TENANT, Clock, Database


class CustomerEngagement:
    """Of all that happens within `gather_seconds`, the first waits and takes the others along, of every salon."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        gather_seconds: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._gather_seconds = gather_seconds
        self._sleep = sleep
        self._waiting: set[UUID] = set()

    async def changed(self, appointment_id: UUID) -> None:
        """See to it that the customer of this appointment is scored again, soon."""
        self._waiting.add(appointment_id)
        if len(self._waiting) > 1:
            return
        await self._sleep(self._gather_seconds)
        gathered, self._waiting = self._waiting, set()
        await self._score(gathered)

    async def _score(self, appointment_ids: Collection[UUID]) -> None:
        now = self._clock.now()
        async with self._database.begin(EVERY_TENANT) as stores:
            known = await stores.customers.engagement(appointment_ids)
            await stores.customers.scored({each.customer_id: score(each, now=now) for each in known})
