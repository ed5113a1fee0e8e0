"""What the salon must accept is requested, not confirmed, until the salon has spoken."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking_core.domain.errors import CalcomUnavailable
from booking_core.domain.models import Appointment, State
from booking_core.domain.ports import CalcomStatus
from tests.booking_core.conftest import Stage
from tests.factories import SALON, a_request, a_wish, an_origin


@pytest.fixture
async def pending(stage) -> Appointment:
    stage.calcom.status = CalcomStatus.PENDING
    wish = a_wish(email="erika@example.org")
    return await stage.core.orchestrator.book(SALON, a_request(wish=wish), an_origin())


async def settle(stage: Stage, appointment: Appointment) -> float | None:
    return await stage.core.settlement.settle(SALON.id, appointment.id, tries=0)


def state(stage: Stage, appointment: Appointment) -> State:
    return stage.database.rows.appointments[appointment.id].state


async def letters(stage: Stage) -> list[str]:
    await stage.core.bus.drain()
    return [letter.message_id.split(".")[1].split("@")[0] for letter in stage.mailer.letters]


async def test_what_is_only_requested_is_confirmed_by_no_letter(stage, pending):
    assert pending.state is State.PENDING
    assert await letters(stage) == []


async def test_what_the_salon_accepts_is_confirmed_and_told(stage, pending):
    stage.clock.advance(600)
    stage.calcom.decide("uid-1", CalcomStatus.ACCEPTED)

    assert await settle(stage, pending) is None

    assert state(stage, pending) is State.CONFIRMED
    assert await letters(stage) == ["confirmed"]
    assert stage.count("booking_confirmation_delay_seconds_sum") == 600


@pytest.mark.parametrize("word", [CalcomStatus.REJECTED, CalcomStatus.CANCELLED])
async def test_what_the_salon_declines_frees_the_chair_and_the_customer_is_told(stage, pending, word):
    stage.calcom.decide("uid-1", word)

    assert await settle(stage, pending) is None

    assert state(stage, pending) is State.RELEASED
    assert await letters(stage) == ["not-possible"]
    labels = {"outcome": "refused", "reason": "declined", "channel": "voice", "traffic": "real"}
    assert stage.count("booking_attempts_total", **labels) == 1


async def test_the_longer_the_salon_is_silent_the_longer_the_pauses(stage, pending):
    pauses = []
    for hours in (0, 1, 2, 5):
        stage.clock.advance(3600 * hours)
        pauses.append(await settle(stage, pending))

    assert pauses == [60, 900, 2700, 3600]


async def test_a_silence_that_lasts_too_long_takes_the_request_back(stage, pending):
    while (seconds := await settle(stage, pending)) is not None:
        stage.clock.advance(seconds)

    assert stage.clock.now() <= pending.start - timedelta(minutes=59)
    assert state(stage, pending) is State.CANCELLING
    assert await settle(stage, pending) is None
    assert state(stage, pending) is State.CANCELLED
    assert stage.calcom.live == []
    assert (await letters(stage))[0] == "not-possible"


async def test_cal_com_away_costs_nothing_but_time(stage, pending):
    stage.calcom.error = CalcomUnavailable()

    assert await settle(stage, pending) == 5
    assert state(stage, pending) is State.PENDING


async def test_what_cal_com_does_not_know_yet_is_not_declined(stage, pending):
    stage.calcom.entries.clear()

    assert await settle(stage, pending) == 60
    assert state(stage, pending) is State.PENDING


async def test_a_booking_found_later_may_be_pending_too(stage):
    stage.calcom.error = CalcomUnavailable()
    queued = await stage.core.orchestrator.book(SALON, a_request(), an_origin())
    stage.calcom.error, stage.calcom.status = None, CalcomStatus.PENDING

    assert await settle(stage, queued) is None

    assert state(stage, queued) is State.PENDING
    assert stage.count("booking_events_total", event="AppointmentBooked") == 0
