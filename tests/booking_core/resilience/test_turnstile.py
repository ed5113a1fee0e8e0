"""Live calls pass or are answered at once; the background stands in line for a while, then goes back to the queue."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from booking_core.domain.errors import CalcomRateLimited
from booking_core.resilience.allowance import Allowance
from booking_core.resilience.local_allowance import InMemoryAllowanceStore
from booking_core.resilience.turnstile import Turnstile
from tests.booking_core.resilience.reference import Ticker

TEN = Allowance(10, kept_for_live=4, window_seconds=60.0)


class Street:
    """A store and turnstiles before it; time passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.ticker = Ticker()
        self.store = InMemoryAllowanceStore(TEN, self.ticker.seconds)

    def turnstile(self, *, patience: float | None, jitter: float = 0.0) -> Turnstile:
        return Turnstile(
            self.store,
            patience_seconds=patience,
            sleep=self._sleep,
            monotonic=self.ticker.seconds,
            jitter=lambda: jitter,
        )

    async def _sleep(self, seconds: float) -> None:
        self.ticker.advance(seconds)
        await asyncio.sleep(0)  # let the others go on

    async def passes(self, turnstile: Turnstile, times: int, key: str = "cal_one") -> list[float]:
        """Return when each call passed."""
        passed = []
        for _ in range(times):
            await turnstile.enter(key)
            passed.append(self.ticker.seconds())
        return passed


@pytest.fixture
def street() -> Street:
    return Street()


async def test_a_live_call_that_finds_the_allowance_used_up_is_told_so_at_once(street):
    live = street.turnstile(patience=None)
    begun = street.ticker.seconds()
    await street.passes(live, 10)

    with pytest.raises(CalcomRateLimited) as raised:
        await live.enter("cal_one")

    assert raised.value.retry_after_seconds == 60.0
    assert street.ticker.seconds() == begun


async def test_the_background_passes_evenly(street):
    passed = await street.passes(street.turnstile(patience=15), 6)

    assert [later - earlier for earlier, later in pairwise(passed)] == pytest.approx([10] * 5)


async def test_the_background_comes_a_little_later_than_told(street):
    passed = await street.passes(street.turnstile(patience=15, jitter=0.5), 3)

    assert [later - earlier for earlier, later in pairwise(passed)] == pytest.approx([11.25] * 2)


async def test_who_would_have_to_stand_too_long_goes_back_to_the_queue(street):
    background = street.turnstile(patience=5)
    await background.enter("cal_one")

    with pytest.raises(CalcomRateLimited) as raised:
        await background.enter("cal_one")

    assert raised.value.retry_after_seconds == 10.0


async def test_all_in_a_line_pass_in_the_order_they_came_and_another_key_has_a_line_of_its_own():
    street, order = Street(), []
    background = street.turnstile(patience=1000)

    async def enter(name: str, key: str) -> None:
        await background.enter(key)
        order.append(name)

    await asyncio.gather(*(enter(f"one-{number}", "cal_one") for number in range(4)), enter("two", "cal_two"))

    assert [name for name in order if name != "two"] == ["one-0", "one-1", "one-2", "one-3"]
    assert "two" in order[:2]


async def test_a_key_that_cal_com_blocked_stays_alone_for_a_minute_where_it_does_not_say_how_long(street):
    live = street.turnstile(patience=None)
    await live.leave_alone("cal_one", None)

    with pytest.raises(CalcomRateLimited) as raised:
        await live.enter("cal_one")

    assert raised.value.retry_after_seconds == 60.0
    await live.enter("cal_two")
