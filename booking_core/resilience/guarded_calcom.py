"""Cal.com behind the breaker and the retries: the same port, so that the business never sees either."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from booking_core.domain.errors import CalcomCircuitOpen, CalcomRateLimited
from booking_core.domain.models import Appointment, Offering, Tenant
from booking_core.domain.ports import Calcom, CalcomBooking, Listing, Page
from booking_core.resilience.circuit_breaker import CircuitBreaker, deadline
from booking_core.resilience.retry import Retry
from booking_core.resilience.turnstile import Turnstile

T = TypeVar("T")


class GuardedCalcom:
    """Every attempt is one sample for the breaker; an open circuit ends a ladder at once."""

    def __init__(
        self,
        calcom: Calcom,
        breaker: CircuitBreaker,
        retry: Retry,
        *,
        turnstile: Turnstile | None = None,
        not_permitted: Callable[[str], None] = lambda operation: None,
    ) -> None:
        self._calcom = calcom
        self._breaker = breaker
        self._retry = retry
        self._turnstile = turnstile
        self._not_permitted = not_permitted

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]:
        return await self._guarded("slots", tenant, lambda: self._calcom.slots(tenant, offering, start, end))

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        async def attempt(seconds: float) -> CalcomBooking:
            return await self._guarded("create", tenant, lambda: self._calcom.create(tenant, appointment), seconds)

        async def look_up(seconds: float) -> CalcomBooking | None:
            return await self._guarded("list", tenant, lambda: self._calcom.find(tenant, appointment), seconds)

        return await self._retry.run(attempt, look_up=look_up)

    async def reschedule(self, tenant: Tenant, uid: str, start: datetime, *, reason: str) -> CalcomBooking:
        async def attempt(seconds: float) -> CalcomBooking:
            call = partial(self._calcom.reschedule, tenant, uid, start, reason=reason)
            return await self._guarded("reschedule", tenant, call, seconds)

        async def look_up(seconds: float) -> CalcomBooking | None:
            left = await self._guarded("get", tenant, lambda: self._calcom.get(tenant, uid), seconds)
            moved_to = left.moved_to if left else None
            if moved_to is None:
                return None
            moved = await self._guarded("get", tenant, lambda: self._calcom.get(tenant, moved_to), seconds)
            return moved if moved and moved.start == start else None

        return await self._retry.run(attempt, look_up=look_up)

    async def get(self, tenant: Tenant, uid: str) -> CalcomBooking | None:
        return await self._guarded("get", tenant, lambda: self._calcom.get(tenant, uid))

    async def find(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking | None:
        return await self._guarded("list", tenant, lambda: self._calcom.find(tenant, appointment))

    async def listed(self, tenant: Tenant, listing: Listing, *, skip: int, take: int) -> Page:
        return await self._guarded("list", tenant, lambda: self._calcom.listed(tenant, listing, skip=skip, take=take))

    async def cancel(self, tenant: Tenant, uid: str, *, reason: str) -> None:
        await self._guarded("cancel", tenant, lambda: self._calcom.cancel(tenant, uid, reason=reason))

    async def _guarded(
        self, operation: str, tenant: Tenant, call: Callable[[], Awaitable[T]], seconds: float | None = None
    ) -> T:
        try:
            async with self._breaker.guard():
                # Inside the circuit, so that an open one costs nothing of the allowance; before the deadline, because
                # who stands in line has sent nothing yet.
                await self._enter(operation, tenant)
                return await self._called(tenant, call, seconds)
        except CalcomCircuitOpen:
            self._not_permitted(operation)
            raise

    async def _enter(self, operation: str, tenant: Tenant) -> None:
        if self._turnstile is None:
            return
        try:
            await self._turnstile.enter(tenant.calcom_api_key)
        except CalcomRateLimited:
            self._not_permitted(operation)
            raise

    async def _called(self, tenant: Tenant, call: Callable[[], Awaitable[T]], seconds: float | None) -> T:
        try:
            async with deadline(seconds):
                return await call()
        except CalcomRateLimited as error:
            if self._turnstile is not None:
                await self._turnstile.leave_alone(tenant.calcom_api_key, error.retry_after_seconds)
            raise
