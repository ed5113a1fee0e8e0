"""Research part 1.9 from the other side: what our client makes of every case of Cal.com's error table, one row each.

The cases come from the simulator, which is held to the same table by tests/loadtests/calcom_simulator/contract/.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from booking_core.adapters.calcom import CalcomClient
from booking_core.domain.errors import (
    BookingError,
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomRejected,
    CalcomUnavailable,
    SlotTaken,
    TimeNotBookable,
    TooManyBookings,
)
from booking_core.domain.models import Appointment
from loadtests.calcom_simulator.app import build
from loadtests.calcom_simulator.settings import SimulatorSettings
from tests.contracts.test_calcom import TENANT, an_appointment
from tests.loadtests.calcom_simulator.desk import (
    ANY_CHAIR,
    COURSE,
    EVA,
    FIRST_VISIT,
    NOBODY,
    SURVEY,
    Desk,
    FrozenClock,
    settle,
)

WEDNESDAY = "2026-11-25T09:00:00Z"


@dataclass(frozen=True)
class Counter:
    """Our client, and a desk at which others book before it does."""

    client: CalcomClient
    desk: Desk

    async def create(self, appointment: Appointment, *, key: str = "cal_demo") -> None:
        await self.client.create(replace(TENANT, calcom_api_key=key), appointment)


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    settings, clock = SimulatorSettings(api_key=SecretStr("cal_demo"), seed=7), FrozenClock()
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as webhooks:
        simulator = build(settings, clock=clock, client=webhooks)
        transport = httpx.ASGITransport(simulator.app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://calcom/v2") as ours,
            httpx.AsyncClient(transport=transport, base_url="http://calcom") as theirs,
        ):
            yield Counter(CalcomClient(ours), Desk(simulator, clock, theirs))


async def nothing(desk: Desk) -> None: ...


async def taken(desk: Desk) -> None:
    await desk.booked()


async def both_hosts_taken(desk: Desk) -> None:
    for name in ("one", "two"):
        await desk.booked(eventTypeId=ANY_CHAIR, attendee=EVA | {"email": f"{name}@example.com"})


async def seats_taken(desk: Desk) -> None:
    for name in ("one", "two", "three"):
        await desk.booked(eventTypeId=COURSE, attendee=EVA | {"email": f"{name}@example.com"})


async def seated_already(desk: Desk) -> None:
    await desk.booked(eventTypeId=COURSE, attendee=EVA | {"email": "erika@example.org"})


async def as_many_as_allowed(desk: Desk) -> None:
    await desk.booked(eventTypeId=FIRST_VISIT, start=WEDNESDAY, attendee=EVA | {"email": "erika@example.org"})


async def reserved(desk: Desk) -> None:
    await desk.reserve()


def fault(name: str, **keys: object) -> Callable[[Desk], Awaitable[None]]:
    async def arranged(desk: Desk) -> None:
        await desk.order_fault(name, **keys)

    return arranged


def at(start: datetime, *, event_type: int = 1001) -> Appointment:
    return replace(an_appointment("ours", event_type), start=start, end=start + timedelta(minutes=30))


OURS = an_appointment("ours")
TOO_SOON = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
PAST = datetime(2026, 11, 20, 9, tzinfo=UTC)
BEYOND = datetime(2028, 1, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arrange", "appointment", "error"),
    [
        pytest.param(taken, OURS, SlotTaken, id="slot taken, user event"),
        pytest.param(both_hosts_taken, an_appointment("ours", ANY_CHAIR), SlotTaken, id="slot taken, team event"),
        pytest.param(nothing, at(TOO_SOON), TimeNotBookable, id="too soon"),
        pytest.param(nothing, at(BEYOND), TimeNotBookable, id="outside the window"),
        pytest.param(nothing, at(PAST), TimeNotBookable, id="past"),
        pytest.param(as_many_as_allowed, an_appointment("ours", FIRST_VISIT), TooManyBookings, id="booker limit"),
        pytest.param(reserved, OURS, SlotTaken, id="slot held by another"),
        pytest.param(seated_already, an_appointment("ours", COURSE), SlotTaken, id="same attendee, same seat slot"),
        pytest.param(seats_taken, an_appointment("ours", COURSE), SlotTaken, id="seats full"),
        pytest.param(nothing, an_appointment("ours", SURVEY), CalcomRejected, id="missing custom field"),
        pytest.param(nothing, an_appointment("ours", 4711), CalcomRejected, id="unknown event type"),
        pytest.param(nothing, an_appointment("ours", NOBODY), CalcomRejected, id="team event without hosts"),
        pytest.param(fault("rate_limit"), OURS, CalcomRateLimited, id="rate limited"),
        pytest.param(fault("error_share", share=1), OURS, CalcomOutcomeUnknown, id="5xx before the commit"),
        pytest.param(fault("error_after_commit"), OURS, CalcomOutcomeUnknown, id="5xx after the commit"),
        pytest.param(fault("outage", status=502), OURS, CalcomOutcomeUnknown, id="a proxy's page"),
        pytest.param(fault("truncated_json"), OURS, CalcomOutcomeUnknown, id="an answer that is cut off"),
    ],
)
async def test_row(counter: Counter, arrange, appointment: Appointment, error: type[BookingError]):
    await arrange(counter.desk)

    with pytest.raises(error):
        await counter.create(appointment)


async def test_row_bad_key(counter: Counter):
    with pytest.raises(CalcomRejected):
        await counter.client.slots(replace(TENANT, calcom_api_key="cal_wrong"), OURS.offering, OURS.start, OURS.end)


@pytest.mark.parametrize(
    ("status", "error"), [(None, SlotTaken), (400, SlotTaken), (500, CalcomOutcomeUnknown)], ids=["409", "400", "500"]
)
async def test_row_lost_race_on_the_dedupe_key(counter: Counter, status: int | None, error: type[BookingError]):
    if status is not None:
        await counter.desk.order_fault("library_error", status=status)
    await counter.desk.order_fault("racy", delay_seconds=1)
    racing = [asyncio.create_task(counter.create(an_appointment(name))) for name in ("first", "second")]
    await settle()
    counter.desk.clock.advance(1)

    answers = await asyncio.gather(*racing, return_exceptions=True)

    assert [type(answer) for answer in answers if answer is not None] == [error]


@pytest.mark.parametrize("status", [400, 409])
async def test_row_already_cancelled_is_a_success_whatever_its_status(counter: Counter, status: int):
    made = await counter.client.create(TENANT, OURS)
    await counter.desk.cancel(made.uid)
    await counter.desk.order_fault("library_error", status=status)

    await counter.client.cancel(TENANT, made.uid, reason="twice")


async def test_row_already_cancelled_as_500_is_an_unknown_outcome_to_be_looked_into(counter: Counter):
    made = await counter.client.create(TENANT, OURS)
    await counter.desk.cancel(made.uid)
    await counter.desk.order_fault("library_error", status=500)

    with pytest.raises(CalcomOutcomeUnknown):
        await counter.client.cancel(TENANT, made.uid, reason="twice")


async def test_a_connection_that_is_refused_was_not_executed():
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse), base_url="http://calcom/v2") as http:
        with pytest.raises(CalcomUnavailable):
            await CalcomClient(http).create(TENANT, OURS)
