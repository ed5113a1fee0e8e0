"""An allowance that outlives Redis: while the shared count is away, every process keeps to its share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from booking_core.resilience.allowance import AllowanceStore
from booking_core.resilience.breaker_store import StoreUnavailable
from booking_core.resilience.local_allowance import InMemoryAllowanceStore


class FallbackAllowanceStore:
    """Asks the shared store, and the local one, which grants this process's share, where that fails.

    Whatever the shared store grants is counted in the local one too: it is the memory from which a shared store that
    was emptied learns its count again, and a process that used more than its share before gets nothing after.
    """

    def __init__(
        self,
        shared: AllowanceStore,
        local: InMemoryAllowanceStore,
        *,
        rest_seconds: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = shared
        self._local = local
        self._rest_seconds = rest_seconds
        self._monotonic = monotonic
        self._asks_again_at = monotonic()

    async def take(self, key: str, call: str, *, is_live: bool) -> float:
        alone = self._local.alone_seconds(key)
        if alone:
            return alone
        wait = await self._take_shared(key, call, is_live=is_live)
        if wait is None:
            return await self._local.take(key, call, is_live=is_live)
        if not wait:
            self._local.note(key, call)
        return wait

    async def leave_alone(self, key: str, seconds: float) -> None:
        await self._local.leave_alone(key, seconds)
        if self._monotonic() < self._asks_again_at:
            return
        try:
            await self._shared.leave_alone(key, seconds)
        except StoreUnavailable:
            self._let_rest()

    async def remember(self, key: str, ages_seconds: Mapping[str, float]) -> None:
        await self._local.remember(key, ages_seconds)

    async def _take_shared(self, key: str, call: str, *, is_live: bool) -> float | None:
        if self._monotonic() < self._asks_again_at:
            return None
        try:
            return await self._shared.take(key, call, is_live=is_live)
        except StoreUnavailable:
            self._let_rest()
            return None

    def _let_rest(self) -> None:
        self._asks_again_at = self._monotonic() + self._rest_seconds
