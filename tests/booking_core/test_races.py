"""Many callers, one chair: exactly one gets it, the others hear so at once, and the database never deadlocks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from booking_core.domain.errors import SlotTaken
from booking_core.domain.models import Appointment, BookingRequest, State
from tests.booking_core.conftest import RealStage
from tests.contracts.rows import a_visit, an_appointment, fill
from tests.factories import SALON, TEN_O_CLOCK, a_request, a_wish, an_id, an_origin

pytestmark = pytest.mark.integration

WAYS = pytest.mark.parametrize("ways", [2, 4, 8])
# A plain INSERT deadlocked in about 6 of 100 two-way races, so that many rounds would show it.
ROUNDS = 60
ROUNDS_OF_CALLERS = 10


@pytest.fixture(autouse=True)
def _no_deadlocks(owner_url, own_database, cluster) -> Iterator[None]:
    fill(owner_url)
    before = deadlocks(cluster, own_database)
    yield
    assert deadlocks(cluster, own_database) == before


def deadlocks(cluster, name: str) -> int:
    # Asked from another database: every connection of the races has ended, and an ended one has reported its counts.
    engine = create_engine(cluster.url("postgres", scheme="postgresql+psycopg"))
    with engine.connect() as connection:
        counted = text("SELECT deadlocks FROM pg_stat_database WHERE datname = :name")
        number: int = connection.execute(counted, {"name": name}).scalar_one()
    engine.dispose()
    return number


@WAYS
async def test_of_many_holds_of_one_slot_exactly_one_stands(real_stage: RealStage, ways: int):
    template = await an_appointment(real_stage.database)

    async def hold(barrier: asyncio.Barrier, hour: int, contender: int) -> bool:
        # Half of them want the slot itself, half one that reaches into it.
        start = template.start + timedelta(hours=hour, minutes=15 * (contender % 2))
        wanted = replace(template, id=uuid4(), key=uuid4(), start=start, end=start + (template.end - template.start))
        async with real_stage.database.begin(SALON.id) as stores:
            await barrier.wait()
            return await stores.appointments.hold(wanted) is not None

    for hour in range(ROUNDS):
        barrier = asyncio.Barrier(ways)

        held = await asyncio.gather(*(hold(barrier, hour, contender) for contender in range(ways)))

        assert sum(held) == 1


@WAYS
async def test_of_many_callers_for_two_hairdressers_exactly_two_are_served(real_stage, ways):
    for day in range(ROUNDS_OF_CALLERS):
        wishes = [a_request(start=a_start(day), wish=a_wish(phone=f"+493090183{n:02}")) for n in range(ways)]

        answers = await asyncio.gather(*(book(real_stage, each) for each in wishes), return_exceptions=True)

        served = [each.offering.staff_slug for each in answers if isinstance(each, Appointment)]
        refused = [each for each in answers if isinstance(each, SlotTaken)]
        assert sorted(served) == ["anna", "ben"]
        assert len(refused) == ways - 2


@WAYS
async def test_many_copies_of_one_wish_are_one_booking_and_one_answer(real_stage, ways):
    for day in range(ROUNDS_OF_CALLERS):
        created = len(real_stage.calcom.created)

        answers = await asyncio.gather(*(book(real_stage, a_request(start=a_start(day))) for _ in range(ways)))

        assert all(answer == answers[0] for answer in answers)
        assert answers[0].state is State.CONFIRMED
        assert len(real_stage.calcom.created) == created + 1


def a_start(day: int) -> str:
    return f"{(TEN_O_CLOCK + timedelta(days=day)).date()}T10:00"


async def book(real_stage: RealStage, request: BookingRequest) -> Appointment:
    return await real_stage.core.orchestrator.book(SALON, request, an_origin())


@WAYS
async def test_visits_that_reach_into_each_other_never_wait_for_each_other_and_stand_whole(
    real_stage: RealStage, ways: int
):
    chance = Random(ways)

    async def hold(barrier: asyncio.Barrier, minutes: int) -> bool:
        visit = await a_visit(real_stage.database, minutes=minutes)
        async with real_stage.database.begin(SALON.id) as stores:
            await barrier.wait()
            return await stores.appointments.hold(*visit) is not None

    for day in range(ROUNDS):
        # Work, pause and work take two hours: these cross in every way, and some fit into each other's pauses.
        starts = [1440 * day + 15 * chance.randint(0, 10) for _ in range(ways)]
        barrier = asyncio.Barrier(ways)

        held = await asyncio.gather(*(hold(barrier, minutes) for minutes in starts))

        async with real_stage.database.begin(SALON.id) as stores:
            begin = TEN_O_CLOCK + timedelta(days=day)
            chairs = await stores.appointments.occupied(SALON.id, [an_id("anna")], begin, begin + timedelta(hours=12))
        assert any(held)
        assert len(chairs) == 2 * sum(held)
