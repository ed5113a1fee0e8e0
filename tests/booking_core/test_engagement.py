from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_core.domain.engagement import HALVES_AFTER, HIGHEST, Engagement, score
from booking_core.domain.models import Traffic
from booking_core.services.engagement import CustomerEngagement
from tests.booking_core.conftest import Stage
from tests.factories import NOW, SALON, a_request, a_wish, an_id, an_origin

counts = st.integers(min_value=0, max_value=1000)


def scored(visits: int, cancellations: int = 0, *, days_ago: float = 0) -> int:
    newest = NOW - timedelta(days=days_ago) if visits else None
    return score(Engagement(an_id("erika"), visits, cancellations, newest), now=NOW)


@pytest.mark.parametrize(
    ("visits", "cancellations", "days_ago", "expected"),
    [
        (0, 0, 0, 0),
        (0, 5, 0, 0),
        (1, 0, 0, 10),
        (10, 0, 0, 100),  # 10 of 10
        (50, 0, 0, 100),
        (5, 5, 0, 25),  # half of what 5 visits are worth, for half of 10 were cancelled
        (10, 0, 180, 50),
        (10, 0, 360, 25),
        (10, 0, -30, 100),  # the newest lies ahead
    ],
)
def test_a_score_is_visits_times_reliability_halved_every_half_year(visits, cancellations, days_ago, expected):
    assert scored(visits, cancellations, days_ago=days_ago) == expected


@given(counts, counts, st.floats(min_value=-400, max_value=4000))
def test_a_score_lies_between_0_and_100_and_cancelling_never_raises_it(visits, cancellations, days_ago):
    now, worse = (scored(visits, cancellations + more, days_ago=days_ago) for more in (0, 1))

    assert 0 <= worse <= now <= HIGHEST


def test_half_a_year_is_what_halves():
    assert timedelta(days=180) == HALVES_AFTER


async def book(stage: Stage, hour: int, traffic: Traffic = Traffic.REAL):
    return await stage.core.orchestrator.book(SALON, a_request(start=f"2026-12-02T{hour}:00"), an_origin(traffic))


async def test_bookings_raise_a_customers_score_and_a_cancellation_lowers_it(stage):
    scores = []
    for hour in (10, 12):
        booked = await book(stage, hour)
        await stage.core.bus.drain()
        scores.append(stage.database.rows.scores[booked.customer.id])
    await stage.core.cancellation.cancel(SALON, booked.id, reason="ill")
    await stage.core.bus.drain()
    scores.append(stage.database.rows.scores[booked.customer.id])

    assert scores == [10, 20, 5]


async def test_a_probe_scores_nobody(stage):
    await book(stage, 10, Traffic.SYNTHETIC)
    await stage.core.bus.drain()

    assert stage.database.rows.scores == {}


async def test_what_happens_within_a_second_is_counted_in_one_go(stage):
    booked = [await book(stage, hour) for hour in (10, 12, 14)]
    await stage.core.bus.drain()
    stage.database.rows.scores.clear()
    engagement: CustomerEngagement
    slept: list[float] = []

    async def others_come_meanwhile(seconds: float) -> None:
        slept.append(seconds)
        for each in booked[1:]:
            await engagement.changed(each.id)

    engagement = CustomerEngagement(stage.database, stage.clock, gather_seconds=1.0, sleep=others_come_meanwhile)
    await engagement.changed(booked[0].id)

    assert slept == [1.0]
    assert stage.database.rows.scores == {booked[0].customer.id: 30}


async def test_a_second_time_is_the_same_as_once(stage):
    booked = await book(stage, 10)
    await stage.core.bus.drain()
    before = dict(stage.database.rows.scores)

    again = CustomerEngagement(stage.database, stage.clock, gather_seconds=0)
    for _ in range(3):
        await again.changed(booked.id)
    await again.changed(UUID(int=0))

    assert stage.database.rows.scores == before


async def test_each_customer_has_a_score_of_their_own(stage):
    booked = await book(stage, 10)
    other = await stage.core.orchestrator.book(SALON, a_request(start="2026-12-02T12:00", wish=OTHER), an_origin())
    await stage.core.bus.drain()

    assert stage.database.rows.scores == {booked.customer.id: 10, other.customer.id: 10}


OTHER = a_wish("Max", "+4930901821")
