"""The calendar port's contract, held by the fake and, through the real client, by the simulator of Cal.com v2."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from booking_core.adapters.calcom import CalcomClient
from booking_core.domain.discrepancies import Window
from booking_core.domain.errors import CalcomRejected, SlotTaken
from booking_core.domain.models import Appointment, Customer, State
from booking_core.domain.ports import Calcom, CalcomBooking, CalcomStatus, Listing
from loadtests.calcom_simulator.app import build
from loadtests.calcom_simulator.settings import SimulatorSettings
from tests.factories import SALON, an_id, an_offering, an_origin
from tests.fakes import FakeCalcom
from tests.loadtests.calcom_simulator.desk import (
    ANNA_HAIRCUT,
    CONSULTATION,
    GIFT_CARD,
    MONDAY,
    FrozenClock,
)

TENANT = replace(SALON, calcom_api_key="cal_demo")
TEN = MONDAY + timedelta(days=1, hours=1)
HOUR = timedelta(hours=1)
WHY = "the contract says so"


@dataclass(frozen=True)
class Calendar:
    """A calendar under test, and the two ways it can be arranged to answer otherwise."""

    port: Calcom
    keep_pending: Callable[[], Appointment]
    keep_uncancellable: Callable[[], Appointment]


def an_appointment(name: str, event_type: int = ANNA_HAIRCUT) -> Appointment:
    """Ask for tomorrow at ten."""
    return Appointment(
        id=an_id(name),
        tenant_id=TENANT.id,
        offering=replace(an_offering("anna"), calcom_event_type_id=event_type),
        customer=Customer(an_id("customer"), "+4930901820", "Erika", "erika@example.org"),
        start=TEN,
        end=TEN + timedelta(minutes=30),
        origin=an_origin(),
        state=State.CREATING,
        key=an_id(name),
        asked_at=MONDAY,
    )


@asynccontextmanager
async def simulated() -> AsyncIterator[Calendar]:
    settings = SimulatorSettings(api_key=SecretStr("cal_demo"), seed=7)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as webhooks:
        transport = httpx.ASGITransport(build(settings, clock=FrozenClock(), client=webhooks).app)
        async with httpx.AsyncClient(transport=transport, base_url="http://calcom/v2") as http:
            yield Calendar(
                CalcomClient(http),
                keep_pending=lambda: an_appointment("pending", CONSULTATION),
                keep_uncancellable=lambda: an_appointment("uncancellable", GIFT_CARD),
            )


def faked() -> Calendar:
    fake = FakeCalcom()

    def keep_pending() -> Appointment:
        fake.status = CalcomStatus.PENDING
        return an_appointment("pending")

    def keep_uncancellable() -> Appointment:
        fake.refuses_cancelling = True
        return an_appointment("uncancellable")

    return Calendar(fake, keep_pending, keep_uncancellable)


@pytest.fixture(params=["fake", "simulator"])
async def calendar(request: pytest.FixtureRequest) -> AsyncIterator[Calendar]:
    if request.param == "fake":
        yield faked()
        return
    async with simulated() as real:
        yield real


async def test_what_was_created_is_found_by_our_id_and_by_its_own(calendar):
    ours = an_appointment("ours")

    made = await calendar.port.create(TENANT, ours)

    assert made.status is CalcomStatus.ACCEPTED
    assert made.start == TEN
    assert await calendar.port.find(TENANT, ours) == made
    assert await calendar.port.get(TENANT, made.uid) == made
    assert await calendar.port.find(TENANT, an_appointment("another")) is None


async def test_a_taken_slot_is_refused(calendar):
    await calendar.port.create(TENANT, an_appointment("first"))

    with pytest.raises(SlotTaken):
        await calendar.port.create(TENANT, an_appointment("second"))


async def test_what_was_cancelled_is_dead_and_its_slot_free_again(calendar):
    ours = an_appointment("ours")
    made = await calendar.port.create(TENANT, ours)

    await calendar.port.cancel(TENANT, made.uid, reason=WHY)

    left = await calendar.port.get(TENANT, made.uid)
    assert left == replace(made, status=CalcomStatus.CANCELLED)
    assert await calendar.port.find(TENANT, ours) is None
    assert (await calendar.port.create(TENANT, an_appointment("second"))).is_live


async def test_cancelling_again_is_a_success(calendar):
    made = await calendar.port.create(TENANT, an_appointment("ours"))

    for _ in range(2):
        await calendar.port.cancel(TENANT, made.uid, reason=WHY)


async def test_cancelling_without_a_reason_is_rejected(calendar):
    made = await calendar.port.create(TENANT, an_appointment("ours"))

    with pytest.raises(CalcomRejected):
        await calendar.port.cancel(TENANT, made.uid, reason="")


async def test_what_the_salon_keeps_from_being_cancelled_lives_on(calendar):
    made = await calendar.port.create(TENANT, calendar.keep_uncancellable())

    with pytest.raises(CalcomRejected):
        await calendar.port.cancel(TENANT, made.uid, reason=WHY)

    assert await calendar.port.get(TENANT, made.uid) == made


async def test_cancelling_what_is_not_there_is_rejected(calendar):
    with pytest.raises(CalcomRejected):
        await calendar.port.cancel(TENANT, "nowhere", reason=WHY)


async def test_what_is_not_there_is_none(calendar):
    assert await calendar.port.get(TENANT, "nowhere") is None


async def test_what_the_salon_must_accept_is_pending_and_alive(calendar):
    ours = calendar.keep_pending()

    made = await calendar.port.create(TENANT, ours)

    assert (made.status, made.is_live) == (CalcomStatus.PENDING, True)
    assert await calendar.port.find(TENANT, ours) == made


async def test_a_move_makes_a_new_booking_and_the_old_one_names_it(calendar):
    ours = an_appointment("ours")
    old = await calendar.port.create(TENANT, ours)

    new = await calendar.port.reschedule(TENANT, old.uid, TEN + HOUR, reason=WHY)

    assert (new.start, new.is_live) == (TEN + HOUR, True)
    assert new.uid != old.uid
    cancelled = CalcomBooking(old.uid, CalcomStatus.CANCELLED, TEN, new.uid, TEN + timedelta(minutes=30))
    assert await calendar.port.get(TENANT, old.uid) == cancelled
    # It keeps the metadata of the first.
    moved = replace(ours, start=TEN + HOUR, end=TEN + HOUR + timedelta(minutes=30))
    assert await calendar.port.find(TENANT, moved) == new
    assert await calendar.port.find(TENANT, ours) is None


async def test_a_move_may_overlap_its_own_old_time(calendar):
    old = await calendar.port.create(TENANT, an_appointment("ours"))

    new = await calendar.port.reschedule(TENANT, old.uid, TEN + timedelta(minutes=15), reason=WHY)

    assert new.start == TEN + timedelta(minutes=15)


async def test_a_move_onto_somebody_else_is_refused_and_the_old_time_stands(calendar):
    old = await calendar.port.create(TENANT, an_appointment("ours"))
    other = replace(an_appointment("other"), start=TEN + HOUR, end=TEN + HOUR + timedelta(minutes=30))
    await calendar.port.create(TENANT, other)

    with pytest.raises(SlotTaken):
        await calendar.port.reschedule(TENANT, old.uid, TEN + HOUR, reason=WHY)

    assert await calendar.port.get(TENANT, old.uid) == old


async def test_a_move_is_not_made_twice(calendar):
    old = await calendar.port.create(TENANT, an_appointment("ours"))
    await calendar.port.reschedule(TENANT, old.uid, TEN + HOUR, reason=WHY)

    with pytest.raises(CalcomRejected):
        await calendar.port.reschedule(TENANT, old.uid, TEN + HOUR, reason=WHY)


async def test_a_list_tells_whose_each_booking_is_and_shows_what_is_over(calendar):
    ours = an_appointment("ours")
    old = await calendar.port.create(TENANT, ours)
    new = await calendar.port.reschedule(TENANT, old.uid, TEN + HOUR, reason=WHY)

    page = await calendar.port.listed(TENANT, Listing(Window(MONDAY, MONDAY + timedelta(days=7))), skip=0, take=100)

    told = {each.uid: (each.start, each.is_living, each.appointment_id, each.tenant_id) for each in page.bookings}
    assert told == {
        old.uid: (TEN, False, ours.id, TENANT.id),
        new.uid: (TEN + HOUR, True, ours.id, TENANT.id),
    }
    assert {each.event_type_id for each in page.bookings} == {ANNA_HAIRCUT}
    assert not page.has_more


async def test_a_list_comes_in_pages_in_the_order_of_making(calendar):
    made = []
    for number in range(3):
        start = TEN + number * HOUR
        ours = replace(an_appointment(f"number {number}"), start=start, end=start + timedelta(minutes=30))
        made.append((await calendar.port.create(TENANT, ours)).uid)

    pages = [await calendar.port.listed(TENANT, Listing(), skip=skip, take=2) for skip in (0, 2)]

    assert [[each.uid for each in page.bookings] for page in pages] == [made[:2], made[2:]]
    assert [page.has_more for page in pages] == [True, False]


async def test_a_list_of_a_window_leaves_out_what_starts_before_it(calendar):
    await calendar.port.create(TENANT, an_appointment("ours"))

    page = await calendar.port.listed(TENANT, Listing(Window(TEN + HOUR, TEN + 9 * HOUR)), skip=0, take=100)

    assert list(page.bookings) == []
