"""A breaker store that outlives Redis: while the shared store is away, every worker goes by its own window."""

from __future__ import annotations

import time
from collections.abc import Callable

from booking_core.resilience.breaker_store import (
    BreakerState,
    BreakerStore,
    Circuit,
    Denial,
    Order,
    Permit,
    Standing,
    StoreUnavailable,
)
from booking_core.resilience.failure_detector import Evidence
from booking_core.resilience.local_breaker import InMemoryBreakerStore


class FallbackBreakerStore:
    """Asks the shared store, and the local one where that fails; only operators' questions and orders may fail.

    A shared store that failed is left alone for `rest_seconds`, so that one which hangs does not cost every call its
    timeout. `fell_back` is called for every leave that was given or refused without it.
    """

    def __init__(
        self,
        shared: BreakerStore,
        local: InMemoryBreakerStore,
        *,
        rest_seconds: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
        fell_back: Callable[[], None] = lambda: None,
    ) -> None:
        self._shared = shared
        self._local = local
        self._rest_seconds = rest_seconds
        self._monotonic = monotonic
        self._fell_back = fell_back
        self._asks_again_at = monotonic()

    async def acquire(self, circuit: Circuit) -> Permit | Denial:
        answer = await self._acquire_shared(circuit)
        if answer is None:
            self._fell_back()
            return await self._local.acquire(circuit)
        self._local.follow(circuit, answer)
        return answer

    async def record(self, circuit: Circuit, permit: Permit, evidence: Evidence) -> BreakerState | None:
        if permit.is_local:
            return await self._local.record(circuit, permit, evidence)
        try:
            return await self._shared.record(circuit, permit, evidence)
        except StoreUnavailable:
            self._let_rest()
            return await self._record_locally(circuit, evidence)

    async def standing(self, circuit: Circuit) -> Standing:
        return await self._shared.standing(circuit)

    async def force(self, circuit: Circuit, order: Order) -> BreakerState | None:
        return await self._shared.force(circuit, order)

    async def _acquire_shared(self, circuit: Circuit) -> Permit | Denial | None:
        if self._monotonic() < self._asks_again_at:
            return None
        try:
            return await self._shared.acquire(circuit)
        except StoreUnavailable:
            self._let_rest()
            return None

    async def _record_locally(self, circuit: Circuit, evidence: Evidence) -> BreakerState | None:
        """Report a call whose permit came from the store we lost: what it says about Cal.com is still true."""
        leave = await self._local.acquire(circuit)
        return await self._local.record(circuit, leave, evidence) if isinstance(leave, Permit) else None

    def _let_rest(self) -> None:
        self._asks_again_at = self._monotonic() + self._rest_seconds
