"""The thirteen root causes of what once went wrong, each with the test that would have shown it.

The list is the specification's (phase 6, prevention of root causes). Each cause is examined closely elsewhere; here it
has its name, so that whoever breaks it again reads which one it was.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from booking_core.domain import rules
from booking_core.domain.errors import (
    CalcomCircuitOpen,
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomUnavailable,
    SlotTaken,
)
from booking_core.domain.models import OCCUPYING, Appointment, State
from booking_core.resilience.breaker_store import BreakerState, Circuit
from booking_core.resilience.circuit_breaker import CircuitBreaker
from booking_core.resilience.failure_detector import Again, Evidence, judge
from booking_core.resilience.local_breaker import InMemoryBreakerStore
from booking_core.resilience.retry import BACKGROUND, Retry
from tests.booking_core.conftest import Stage
from tests.booking_core.news import marked, tell, told
from tests.booking_core.resilience.reference import Ticker
from tests.factories import HAIRCUT, NOW, SALON, TEN_O_CLOCK, a_request, a_wish, an_origin
from tests.fakes import FakeClock

PHONE = "+4930901820"


def key(**otherwise: Any) -> UUID:
    wish = {"phone": PHONE, "service_id": HAIRCUT.id, "staff": None, "start": TEN_O_CLOCK}
    return rules.wish_key(SALON.id, **(wish | otherwise))


async def book(stage: Stage, **request: Any) -> Appointment:
    return await stage.core.orchestrator.book(SALON, a_request(**request), an_origin())


def occupying(stage: Stage) -> list[Appointment]:
    return [each for each in stage.database.rows.appointments.values() if each.state in OCCUPYING]


# Idempotency key


def test_cause_1_the_key_of_a_wish_was_not_the_same_twice():
    # Pinned: a key that changed with a release would let every wish under way be booked again.
    assert key() == key() == UUID("3b593cb9-5ba5-503e-a3e5-d037ab953946")
    assert key().version == 5


@pytest.mark.parametrize(
    "otherwise",
    [
        {"phone": "+4930901821"},
        {"service_id": UUID(int=7)},
        {"staff": "anna"},
        {"start": TEN_O_CLOCK + timedelta(minutes=1)},
    ],
)
def test_cause_2_two_different_wishes_had_one_key(otherwise):
    assert key() != key(**otherwise)


# Duplicates


async def test_cause_3_a_repeated_request_made_a_second_booking(stage):
    answers = await asyncio.gather(*(book(stage) for _ in range(5)))

    assert len({answer.id for answer in answers}) == 1
    assert len(stage.calcom.created) == len(occupying(stage)) == 1


async def test_cause_4_one_booking_of_cal_com_was_stored_twice(stage):
    appointment = await book(stage)

    await tell(stage, told("BOOKING_CREATED", str(appointment.calcom_uid), metadata=marked(appointment)))

    assert [each.calcom_uid for each in occupying(stage)] == [appointment.calcom_uid]


async def test_cause_5_the_same_time_in_other_words_made_a_second_booking(stage):
    first = await book(stage, start="2026-12-02T10:00", wish=a_wish(phone="030 901820"))
    again = await book(stage, start="2026-12-02T09:00:00Z", wish=a_wish(phone="+49 30 901820"), service="trim")

    assert again.id == first.id


# Overlap


async def test_cause_6_two_appointments_overlapped_by_minutes(stage):
    await book(stage, staff="anna")

    with pytest.raises(SlotTaken):
        await book(stage, staff="anna", start="2026-12-02T10:15", wish=a_wish(phone="+4930901821"))


async def test_cause_7_an_appointment_that_begins_when_another_ends_was_refused(stage):
    await book(stage, staff="anna")

    following = await book(stage, staff="anna", start="2026-12-02T10:30", wish=a_wish(phone="+4930901821"))

    assert following.state is State.CONFIRMED


# Rate limit


def test_cause_8_a_rate_limit_was_taken_for_a_broken_cal_com():
    verdict = judge(CalcomRateLimited(retry_after_seconds=30))

    assert (verdict.breaker, verdict.retry) == (Evidence.IGNORE, Again.NOW)


# Circuit breaker


async def failing(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(CalcomUnavailable):
            async with breaker.guard():
                raise CalcomUnavailable


def a_breaker(ticker: Ticker) -> CircuitBreaker:
    return CircuitBreaker(Circuit("calcom"), InMemoryBreakerStore(ticker.seconds), clock=FakeClock(NOW))


async def test_cause_9_the_circuit_stayed_closed_while_everything_failed():
    breaker = a_breaker(Ticker())

    await failing(breaker, 4)
    before = (await breaker.standing()).state
    await failing(breaker, 1)

    assert (before, (await breaker.standing()).state) == (BreakerState.CLOSED, BreakerState.OPEN)


async def test_cause_10_everybody_rushed_at_a_cal_com_that_had_just_come_back():
    ticker = Ticker()
    breaker = a_breaker(ticker)
    await failing(breaker, 5)
    ticker.advance(30)

    trial = await breaker.acquire()

    assert trial.is_trial
    with pytest.raises(CalcomCircuitOpen):
        await breaker.acquire()


# Retries


async def test_cause_11_retries_came_at_once_instead_of_after_1_2_and_4_seconds():
    ticker, waits = Ticker(), []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        ticker.advance(seconds)

    async def attempt(_seconds: float) -> None:
        raise CalcomUnavailable

    with pytest.raises(CalcomUnavailable):
        await Retry(BACKGROUND, sleep=sleep, monotonic=ticker.seconds).run(attempt)

    assert waits == [1.0, 2.0, 4.0]


# Answers and webhooks that are lost or come twice


async def test_cause_12_an_answer_that_was_lost_was_told_as_a_failure_and_booked_again(stage):
    stage.calcom.error, stage.calcom.books_unseen = CalcomOutcomeUnknown(), True
    told_to_the_caller = await book(stage)
    stage.calcom.error, stage.calcom.books_unseen = None, False

    await stage.core.settlement.settle(SALON.id, told_to_the_caller.id, tries=0)

    assert told_to_the_caller.state is State.UNKNOWN
    assert [each.state for each in occupying(stage)] == [State.CONFIRMED]
    assert len(stage.calcom.created) == 1


async def test_cause_13_a_webhook_that_came_twice_was_acted_upon_twice(stage):
    appointment = await book(stage, wish=a_wish(email="erika@example.org"))
    cancelled = told(
        "BOOKING_CANCELLED", str(appointment.calcom_uid), metadata=marked(appointment), at=NOW + timedelta(minutes=1)
    )

    await tell(stage, cancelled)
    once = replace(stage.database.rows.appointments[appointment.id])
    await tell(stage, cancelled, cancelled)

    assert once.state is State.CANCELLED
    assert stage.database.rows.appointments[appointment.id] == once
