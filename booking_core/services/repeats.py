"""A request that is repeated, by a program or by the network, is answered once and told again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from booking_core.domain.errors import AppointmentDatabaseError, RequestInFlight
from booking_core.domain.models import Reply, Tenant
from booking_core.domain.ports import EVERY_TENANT, Clock, Database

# Longer than any answer takes: whoever has not answered by then was killed.
ABANDONED_AFTER = timedelta(seconds=60)
KEPT_FOR = timedelta(hours=24)

# On the telephone a copy waits so long for the original to be answered: as long as the original may take.
COPY_WAITS_SECONDS = 8.0
COPY_LOOKS_SECONDS = 0.1


class Repeats:
    """Remembers final answers only. The appointment itself catches a repeated wish; this gives back refusals too."""

    def __init__(
        self, database: Database, clock: Clock, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._database = database
        self._clock = clock
        self._sleep = sleep

    async def once_patiently(
        self, tenant: Tenant, key: str, request: bytes, answer: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        """As `once`, but a copy waits for the original; RequestInFlight comes only when that took too long."""
        for _ in range(round(COPY_WAITS_SECONDS / COPY_LOOKS_SECONDS)):
            with suppress(RequestInFlight):
                return await self.once(tenant, key, request, answer)
            await self._sleep(COPY_LOOKS_SECONDS)
        return await self.once(tenant, key, request, answer)

    async def once(self, tenant: Tenant, key: str, request: bytes, answer: Callable[[], Awaitable[Reply]]) -> Reply:
        """Return the answer, given now or before. Raises RequestInFlight, IdempotencyKeyReused, and what `answer` does.

        What is not final, and what raises, is forgotten: the next copy asks anew.
        """
        now = self._clock.now()
        fingerprint = hashlib.sha256(request).hexdigest()
        try:
            async with self._database.begin(tenant.id) as stores:
                known = await stores.requests.claim(
                    tenant.id, key, fingerprint, now=now, abandoned_before=now - ABANDONED_AFTER
                )
        except AppointmentDatabaseError:
            # The answer will fail for the same reason, by name, and be counted where all answers are.
            return await answer()
        if known is not None:
            return known
        try:
            reply = await answer()
        except BaseException:
            await self._forget(tenant, key)
            raise
        if reply.is_final:
            await self._remember(tenant, key, reply)
        else:
            await self._forget(tenant, key)
        return reply

    async def forget_old(self) -> int:
        """Drop what nobody will repeat any more; return how many."""
        async with self._database.begin(EVERY_TENANT) as stores:
            return await stores.requests.forget_older(self._clock.now() - KEPT_FOR)

    async def _remember(self, tenant: Tenant, key: str, reply: Reply) -> None:
        # The answer is true whether or not it can be remembered; a claim without an answer runs out by itself.
        with suppress(AppointmentDatabaseError):
            async with self._database.begin(tenant.id) as stores:
                await stores.requests.remember(tenant.id, key, reply)

    async def _forget(self, tenant: Tenant, key: str) -> None:
        with suppress(AppointmentDatabaseError):
            async with self._database.begin(tenant.id) as stores:
                await stores.requests.forget(tenant.id, key)
