"""Circuit, allowance and retries around one call: what each costs, and whom it touches."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from booking_core.domain.errors import CalcomCircuitOpen, CalcomRateLimited, CalcomUnavailable
from booking_core.domain.models import Appointment, Customer, State, Tenant
from booking_core.resilience.allowance import Allowance
from booking_core.resilience.breaker_store import BreakerState, Circuit, Order
from booking_core.resilience.circuit_breaker import CircuitBreaker
from booking_core.resilience.guarded_calcom import GuardedCalcom
from booking_core.resilience.local_allowance import InMemoryAllowanceStore
from booking_core.resilience.local_breaker import InMemoryBreakerStore
from booking_core.resilience.retry import IN_CALL, Retry
from booking_core.resilience.turnstile import Turnstile
from tests.booking_core.resilience.reference import Ticker
from tests.factories import NOW, OTHER_SALON, SALON, TEN_O_CLOCK, an_offering, an_origin
from tests.fakes import FakeCalcom, FakeClock

THREE = Allowance(3, kept_for_live=1, window_seconds=60.0)


@dataclass
class Door:
    """Cal.com behind everything that guards it."""

    calcom: FakeCalcom = field(default_factory=FakeCalcom)
    ticker: Ticker = field(default_factory=Ticker)
    not_permitted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breaker = CircuitBreaker(
            Circuit("calcom", failures=1), InMemoryBreakerStore(self.ticker.seconds), clock=FakeClock(NOW)
        )
        self.guarded = GuardedCalcom(
            self.calcom,
            self.breaker,
            Retry(IN_CALL, sleep=self._sleep, monotonic=self.ticker.seconds),
            turnstile=Turnstile(InMemoryAllowanceStore(THREE, self.ticker.seconds), monotonic=self.ticker.seconds),
            not_permitted=self.not_permitted.append,
        )

    async def _sleep(self, seconds: float) -> None:
        self.ticker.advance(seconds)

    async def book(self, tenant: Tenant = SALON) -> None:
        customer = Customer(uuid4(), "+4930901820", "Erika Muster", None)
        times = TEN_O_CLOCK, TEN_O_CLOCK
        await self.guarded.create(
            tenant,
            Appointment(
                uuid4(), tenant.id, an_offering("anna"), customer, *times, an_origin(), State.CREATING, uuid4(), NOW
            ),
        )

    async def is_limited(self, tenant: Tenant = SALON) -> bool:
        try:
            await self.book(tenant)
        except CalcomRateLimited:
            return True
        return False


@pytest.fixture
def door() -> Door:
    return Door()


async def test_a_used_up_allowance_is_a_rate_limit_that_reaches_neither_cal_com_nor_the_circuit(door):
    assert [await door.is_limited() for _ in range(20)] == [False] * 3 + [True] * 17

    assert len(door.calcom.created) == 3
    assert door.not_permitted == ["create"] * 17
    assert (await door.breaker.standing()).state is BreakerState.CLOSED


async def test_one_salon_throttled_by_cal_com_is_left_alone_until_the_reset_and_another_is_not_touched(door):
    door.calcom.error = CalcomRateLimited(retry_after_seconds=45)
    assert await door.is_limited()
    door.calcom.error = None

    assert [await door.is_limited(), await door.is_limited(OTHER_SALON)] == [True, False]
    door.ticker.advance(45)
    assert not await door.is_limited()


async def test_an_open_circuit_uses_nothing_up(door):
    await door.breaker.force(Order.OPEN)
    for _ in range(10):
        with pytest.raises(CalcomCircuitOpen):
            await door.book()
    await door.breaker.force(Order.RESET)

    assert [await door.is_limited() for _ in range(4)] == [False] * 3 + [True]


async def test_a_trial_that_finds_the_allowance_used_up_leaves_the_trial_to_the_next(door):
    assert [await door.is_limited() for _ in range(2)] == [False, False]
    door.calcom.error = CalcomUnavailable()
    with pytest.raises(CalcomUnavailable):
        await door.book()
    door.calcom.error = None
    door.ticker.advance(30)

    assert await door.is_limited()  # the trial, with nothing left of the allowance
    door.ticker.advance(30)
    assert not await door.is_limited()
    assert (await door.breaker.standing()).state is BreakerState.CLOSED
