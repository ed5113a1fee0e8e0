"""A move whose answer was lost is looked for before it is asked for again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking_core.domain.errors import CalcomOutcomeUnknown, SlotTaken
from booking_core.domain.models import Tenant
from booking_core.domain.ports import CalcomBooking
from booking_core.resilience.breaker_store import Circuit
from booking_core.resilience.circuit_breaker import CircuitBreaker
from booking_core.resilience.guarded_calcom import GuardedCalcom
from booking_core.resilience.local_breaker import InMemoryBreakerStore
from booking_core.resilience.retry import IN_CALL, Retry
from tests.booking_core.resilience.reference import Ticker
from tests.factories import NOW, SALON, TEN_O_CLOCK, an_id, an_offering
from tests.fakes import FakeCalcom, FakeClock

LATER = TEN_O_CLOCK + timedelta(hours=1)


class Flaky(FakeCalcom):
    """Does the first move, or does it not, and says nothing either way."""

    def __init__(self, *, does_it: bool) -> None:
        super().__init__()
        self.does_it = does_it
        self.moves = 0

    async def reschedule(self, tenant: Tenant, uid: str, start: object, *, reason: str) -> CalcomBooking:
        self.moves += 1
        if self.moves > 1 or self.does_it:
            moved = await super().reschedule(tenant, uid, start, reason=reason)
        if self.moves == 1:
            raise CalcomOutcomeUnknown
        return moved


def guarded(calcom: FakeCalcom) -> GuardedCalcom:
    ticker = Ticker()
    breaker = CircuitBreaker(Circuit("calcom"), InMemoryBreakerStore(ticker.seconds), clock=FakeClock(NOW))

    async def sleep(seconds: float) -> None:
        ticker.advance(seconds)

    calcom.occupy(an_offering("anna"), TEN_O_CLOCK, TEN_O_CLOCK + timedelta(minutes=30), stranger=an_id("ours"))
    return GuardedCalcom(calcom, breaker, Retry(IN_CALL, sleep=sleep, monotonic=ticker.seconds))


@pytest.mark.parametrize(("does_it", "moves"), [(True, 1), (False, 2)])
async def test_a_lost_answer_is_looked_for_and_the_move_made_once(does_it, moves):
    calcom = Flaky(does_it=does_it)

    moved = await guarded(calcom).reschedule(SALON, "uid-1", LATER, reason="asked")

    assert (moved.start, calcom.moves) == (LATER, moves)
    assert [each.booking for each in calcom.live] == [moved]


async def test_what_was_moved_elsewhere_by_somebody_else_is_not_taken_for_ours():
    calcom = Flaky(does_it=False)
    door = guarded(calcom)
    calcom.moves = 1
    await calcom.reschedule(SALON, "uid-1", LATER + timedelta(hours=1), reason="by hand")
    calcom.moves = 0

    with pytest.raises(CalcomOutcomeUnknown):
        await door.reschedule(SALON, "uid-1", LATER, reason="asked")


async def test_a_taken_time_is_refused_at_once():
    calcom = FakeCalcom()
    door = guarded(calcom)
    calcom.occupy(an_offering("anna"), LATER, LATER + timedelta(minutes=30), stranger=an_id("walk-in"))

    with pytest.raises(SlotTaken):
        await door.reschedule(SALON, "uid-1", LATER, reason="asked")
