"""The turnstile before Cal.com: a call passes when its key's allowance has room.

Whoever is on the phone is answered at once; the background stands in line, at an even pace and without a herd.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from uuid import uuid4

from booking_core.domain.errors import CalcomRateLimited
from booking_core.resilience.allowance import BLOCK_SECONDS, AllowanceStore, key_name

# How long a call of the background may stand in line before it goes back to the queue.
STANDS_SECONDS = 5.0


class Turnstile:
    """One per process; `patience_seconds` is how long a call of the background may stand here, None for live calls.

    Give it a store that does not fail (FallbackAllowanceStore).
    """

    def __init__(
        self,
        store: AllowanceStore,
        *,
        patience_seconds: float | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._patience_seconds = patience_seconds
        self._sleep = sleep
        self._monotonic = monotonic
        self._jitter = jitter
        # A line for each key: one salon's throttled key holds up no other salon.
        self._lines: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def enter(self, calcom_api_key: str) -> None:
        """Take one call of the key's allowance. Raises CalcomRateLimited when there is none to be had in time."""
        name = key_name(calcom_api_key)
        if self._patience_seconds is None:
            wait = await self._store.take(name, uuid4().hex, is_live=True)
            if wait:
                raise CalcomRateLimited(retry_after_seconds=wait)
            return
        ends = self._monotonic() + self._patience_seconds
        async with self._lines[name]:
            await self._stand(name, ends)

    async def leave_alone(self, calcom_api_key: str, seconds: float | None) -> None:
        """Heed Cal.com's own refusal: nobody calls with this key until it is over."""
        await self._store.leave_alone(key_name(calcom_api_key), BLOCK_SECONDS if seconds is None else seconds)

    async def _stand(self, name: str, ends: float) -> None:
        call = uuid4().hex
        while wait := await self._store.take(name, call, is_live=False):
            # A little later than told, each another little: the lines of two processes must not march in step.
            wait *= 1 + self._jitter() / 4
            if self._monotonic() + wait > ends:
                raise CalcomRateLimited(retry_after_seconds=wait)
            await self._sleep(wait)
