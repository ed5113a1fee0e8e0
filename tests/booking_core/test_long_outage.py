"""Twenty minutes without Cal.com, on one clock: the whole guard around it, and a queue that comes back as told."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest
from prometheus_client import CollectorRegistry

from booking_core.app import World, assemble
from booking_core.domain.errors import CalcomUnavailable, SlotTaken
from booking_core.domain.models import Appointment, State
from booking_core.resilience.allowance import Allowance
from booking_core.resilience.breaker_store import Circuit
from booking_core.resilience.circuit_breaker import CircuitBreaker
from booking_core.resilience.guarded_calcom import GuardedCalcom
from booking_core.resilience.local_allowance import InMemoryAllowanceStore
from booking_core.resilience.local_breaker import InMemoryBreakerStore
from booking_core.resilience.retry import BACKGROUND, IN_CALL, Retry
from booking_core.resilience.turnstile import STANDS_SECONDS, Turnstile
from booking_core.telemetry.recorder import Recorder
from tests import factories
from tests.factories import BERLIN, NOW, SALON, a_request, a_wish, an_origin
from tests.fakes import FakeCalcom, FakeClock, FakeDatabase, FakeMailer

TWENTY = Allowance(20, kept_for_live=5, window_seconds=65.0)
QUEUED = 60


class TimedCalcom(FakeCalcom):
    """Notes when each call reached it; refuses chairs that a human has given away."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.reached: list[datetime] = []
        self.given_away: set[datetime] = set()

    async def create(self, tenant, appointment):
        self.reached.append(self.clock.now())
        if self.error is None and appointment.start in self.given_away:
            raise SlotTaken
        return await super().create(tenant, appointment)


@dataclass
class Outage:
    """The business behind the whole guard; time passes only where somebody waits."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    chance: Random = field(default_factory=lambda: Random(1))

    def __post_init__(self) -> None:
        self.database, self.mailer = FakeDatabase(self.clock), FakeMailer()
        factories.open_salon(self.database)
        self.calcom = TimedCalcom(self.clock)
        circuits, allowance = InMemoryBreakerStore(self._seconds), InMemoryAllowanceStore(TWENTY, self._seconds)
        breaker = CircuitBreaker(Circuit("calcom"), circuits, clock=self.clock)

        def core(policy, patience):
            turnstile = Turnstile(
                allowance,
                patience_seconds=patience,
                sleep=self._sleep,
                monotonic=self._seconds,
                jitter=self.chance.random,
            )
            retry = Retry(policy, sleep=self._sleep, monotonic=self._seconds)
            guarded = GuardedCalcom(self.calcom, breaker, retry, turnstile=turnstile)
            world = World(self.database, guarded, self.mailer, self.clock, Recorder(CollectorRegistry()))
            return assemble(
                world, mail_sender="salon@slotwatch.example", confidence_threshold=0.7, scores_after_seconds=0
            )

        self.live, self.jobs = core(IN_CALL, None), core(BACKGROUND, STANDS_SECONDS)

    def _seconds(self) -> float:
        return self.clock.now().timestamp()

    async def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def book(self, number: int, start: datetime) -> Appointment:
        wish = a_wish(phone=f"+49309018{number:03}", email=f"caller-{number}@example.org")
        local = start.astimezone(BERLIN).strftime("%Y-%m-%dT%H:%M")
        return await self.live.orchestrator.book(SALON, a_request(start=local, wish=wish, staff="anna"), an_origin())

    async def work_off(self, *, until: datetime | None = None) -> None:
        """Run the jobs when they are due: one after the other, each coming back when it says."""
        numbers = itertools.count()
        waiting = [
            (self.clock.now() + timedelta(seconds=5), next(numbers), appointment_id, 0)
            for _, appointment_id in self.database.rows.jobs
        ]
        self.database.rows.jobs.clear()
        while waiting and (until is None or waiting[0][0] < until):
            due, _, appointment_id, tries = heapq.heappop(waiting)
            self.clock.moment = max(self.clock.moment, due)
            seconds = await self.jobs.settlement.settle(SALON.id, appointment_id, tries=tries)
            if seconds is not None:
                later = self.clock.now() + timedelta(seconds=seconds * (1 + self.chance.random() / 4))
                heapq.heappush(waiting, (later, next(numbers), appointment_id, tries + 1))
        self.database.rows.jobs.extend((SALON.id, each[2]) for each in sorted(waiting))
        await self.jobs.bus.drain()

    def states(self) -> dict[State, int]:
        rows = self.database.rows.appointments.values()
        return {state: sum(row.state is state for row in rows) for state in {row.state for row in rows}}


@pytest.fixture
async def outage() -> Outage:
    """Sixty bookings taken down during twenty minutes without Cal.com."""
    outage = Outage()
    outage.calcom.error = CalcomUnavailable()
    for number in range(QUEUED):
        appointment = await outage.book(number, NOW + timedelta(days=2, minutes=30 * number))
        assert appointment.state is State.QUEUED
        outage.clock.advance(2)
    await outage.work_off(until=NOW + timedelta(minutes=20))
    return outage


async def test_cal_com_is_tried_by_one_caller_each_half_minute_while_it_is_away(outage):
    tried = [at for at in outage.calcom.reached if at > NOW + timedelta(minutes=3)]

    assert len(tried) > 20
    assert all(later - earlier >= timedelta(seconds=30) for earlier, later in itertools.pairwise(tried))


async def test_when_it_is_back_everything_is_made_once_and_at_an_even_pace(outage):
    outage.calcom.error = None
    outage.calcom.reached.clear()

    await outage.work_off()

    assert outage.states() == {State.CONFIRMED: QUEUED}
    made = [each.start for each in outage.calcom.created]
    assert len(set(made)) == QUEUED
    between = [later - earlier for earlier, later in itertools.pairwise(outage.calcom.reached)]
    assert min(between) >= timedelta(seconds=65 / 15)
    assert len(outage.mailer.letters) == QUEUED


async def test_a_chair_that_a_human_gave_away_meanwhile_is_freed_and_its_customer_told(outage):
    outage.calcom.error = None
    outage.calcom.given_away = {NOW + timedelta(days=2, minutes=30 * number) for number in (0, 30, 59)}

    await outage.work_off()

    assert outage.states() == {State.CONFIRMED: QUEUED - 3, State.FAILED: 3}
    regrets = {each.to for each in outage.mailer.letters if "could not make" in each.text}
    assert regrets == {f"caller-{number}@example.org" for number in (0, 30, 59)}


async def test_what_was_wanted_too_soon_expires_with_a_letter_and_is_not_made_when_cal_com_returns(outage):
    soon = outage.clock.now() + timedelta(minutes=10)
    appointment = await outage.book(999, soon.replace(second=0, microsecond=0))

    await outage.work_off(until=soon + timedelta(minutes=30))
    outage.calcom.error = None
    await outage.work_off()

    assert outage.database.rows.appointments[appointment.id].state is State.FAILED
    assert "caller-999@example.org" in {each.to for each in outage.mailer.letters}
    assert appointment.id not in {each.id for each in outage.calcom.created}
