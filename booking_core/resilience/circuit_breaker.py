"""The circuit breaker: after too many failures Cal.com is left alone, then tried by one caller of the whole fleet.

It decides nothing itself: breaker_store.py keeps the state, failure_detector.py says what counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from booking_core.domain.errors import CalcomCircuitOpen, CalcomOutcomeUnknown
from booking_core.domain.ports import Clock
from booking_core.resilience.breaker_store import BreakerState, BreakerStore, Circuit, Denial, Order, Permit, Standing
from booking_core.resilience.failure_detector import SUCCEEDED, Evidence, judge

CALCOM = Circuit("calcom")


@dataclass(frozen=True, slots=True)
class BreakerTransition:
    """A circuit changed its state; published by the one worker whose call changed it."""

    name: str
    scope: str
    to: BreakerState
    at: datetime


class CircuitBreaker:
    """One circuit as the callers of a dependency see it.

    Give it a store that does not fail (FallbackBreakerStore): a breaker must not take down what it protects.
    """

    def __init__(
        self,
        circuit: Circuit,
        store: BreakerStore,
        *,
        clock: Clock,
        published: Callable[[BreakerTransition], None] = lambda _: None,
    ) -> None:
        self._circuit = circuit
        self._store = store
        self._clock = clock
        self._published = published

    async def acquire(self) -> Permit:
        """Return leave for one call, to be followed by `record`. Raises CalcomCircuitOpen."""
        answer = await self._store.acquire(self._circuit)
        if isinstance(answer, Denial):
            raise CalcomCircuitOpen(retry_after_seconds=answer.retry_after_seconds)
        self._publish(BreakerState.HALF_OPEN if answer.half_opened else None)
        return answer

    async def record(self, permit: Permit, evidence: Evidence) -> None:
        """Report how the call went. A trial must report, whatever happened: everyone else waits for it."""
        # A closed circuit learns only from failures, so most calls cost the store one round trip, not two.
        if permit.is_trial or evidence is Evidence.FAILURE:
            self._publish(await self._store.record(self._circuit, permit, evidence))

    @asynccontextmanager
    async def guard(self, deadline_seconds: float | None = None) -> AsyncIterator[None]:
        """Make one call inside the circuit. Raises CalcomCircuitOpen, and CalcomOutcomeUnknown after the deadline.

        Deadlines belong in here: one set around the guard cancels the call, and a cancelled call counts for nothing,
        so a Cal.com that hangs would never open the circuit.
        """
        permit = await self.acquire()
        try:
            async with deadline(deadline_seconds):
                yield
        except BaseException as error:
            await self.record(permit, judge(error).breaker)
            raise
        await self.record(permit, SUCCEEDED.breaker)

    async def standing(self) -> Standing:
        """Return how the circuit stands, for an operator. Raises StoreUnavailable."""
        return await self._store.standing(self._circuit)

    async def force(self, order: Order) -> None:
        """Open, close or reset the circuit by hand. Raises StoreUnavailable."""
        self._publish(await self._store.force(self._circuit, order))

    def _publish(self, state: BreakerState | None) -> None:
        if state is not None:
            circuit = self._circuit
            self._published(BreakerTransition(circuit.dependency, circuit.scope, state, self._clock.now()))


@asynccontextmanager
async def deadline(seconds: float | None) -> AsyncIterator[None]:
    """Bound one call to Cal.com. Raises CalcomOutcomeUnknown when time is up."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise CalcomOutcomeUnknown from error
