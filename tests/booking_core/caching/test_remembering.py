"""What is remembered, seen through the saga: fewer questions to the database, and the same answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from booking_core.domain import rules
from booking_core.domain.errors import UnknownService, UnknownStaff
from booking_core.domain.models import Appointment, AvailabilityRequest, Customer, ServiceNames, State
from tests.booking_core.conftest import Stage
from tests.factories import HAIRCUT, NOW, SALON, TEN_O_CLOCK, a_request, a_wish, an_id, an_offering, an_origin

TOMORROW = AvailabilityRequest("haircut", TEN_O_CLOCK.date())


def an_appointment(customer: Customer, staff: str) -> Appointment:
    offering, end = an_offering(staff), TEN_O_CLOCK + timedelta(minutes=30)
    key, state = uuid4(), State.CREATING
    return Appointment(uuid4(), SALON.id, offering, customer, TEN_O_CLOCK, end, an_origin(), state, key, NOW)


async def book(stage: Stage, hour: int, **request):
    return await stage.core.orchestrator.book(SALON, a_request(start=f"2026-12-02T{hour}:00", **request), an_origin())


def looked(stage: Stage, cache: str, result: str) -> float:
    return stage.count("booking_cache_requests_total", cache=cache, result=result)


async def test_a_caller_who_comes_again_is_known_from_memory_and_under_the_known_name(stage):
    first = await book(stage, 10)
    second = await book(stage, 12, wish=a_wish("Somebody Else"))

    assert second.customer == first.customer
    assert (looked(stage, "phone", "miss"), looked(stage, "phone", "hit")) == (1, 1)
    assert (looked(stage, "service", "miss"), looked(stage, "service", "hit")) == (1, 1)


async def test_no_name_number_or_address_lies_in_the_cache(stage):
    await book(stage, 10, wish=a_wish("Erika Muster", "+4930901820", "erika@example.org"))
    await book(stage, 12, wish=a_wish("Erika Muster", "+4930901820"))

    lying_there = "".join([*stage.world.cache_store.entries, *map(str, stage.world.cache_store.entries.values())])
    assert lying_there
    assert not any(word in lying_there for word in ("Erika", "Muster", "901820", "erika@"))


async def test_an_address_said_later_is_written_down(stage):
    await book(stage, 10)
    await book(stage, 12, wish=a_wish(email="erika@example.org"))
    third = await book(stage, 14)

    assert third.customer.email == "erika@example.org"


async def test_a_customer_who_was_deleted_is_met_anew(stage):
    first = await book(stage, 10)
    stage.database.rows.appointments.clear()
    stage.database.rows.customers.clear()

    second = await book(stage, 12)

    assert second.customer.id != first.customer.id
    assert (await book(stage, 14)).customer.id == second.customer.id


async def test_a_service_that_takes_longer_now_is_booked_as_long(stage):
    await book(stage, 10)
    stage.database.rows.offerings = [replace(each, minutes=45) for each in stage.database.rows.offerings]

    second = await book(stage, 12)

    assert second.end - second.start == timedelta(minutes=45)


async def test_nobody_is_refused_from_memory(stage):
    with pytest.raises(UnknownService):
        await book(stage, 10, service="shave")
    with pytest.raises(UnknownStaff):
        await book(stage, 10, staff="cleo")

    stage.database.rows.services[HAIRCUT.id] = (SALON.id, replace(HAIRCUT, aliases=("shave",)))
    stage.database.rows.offerings.append(an_offering("cleo"))

    assert (await book(stage, 10, service="shave", staff="cleo")).offering.staff_slug == "cleo"


async def test_free_times_are_asked_of_cal_com_once_and_what_we_hold_is_taken_off_at_once(stage):
    stage.calcom.free = [TEN_O_CLOCK, TEN_O_CLOCK + timedelta(hours=1)]
    _, before = await stage.core.slots.find(SALON, TOMORROW)
    stage.calcom.free = []
    async with stage.database.begin(SALON.id) as stores:
        customer = await stores.customers.resolve(SALON.id, a_wish())
        await stores.appointments.hold(an_appointment(customer, "anna"))

    _, after = await stage.core.slots.find(SALON, TOMORROW)

    assert len(before) == 4
    assert [(slot.start, slot.staff_slug) for slot in after] == [
        (TEN_O_CLOCK, "ben"),
        (TEN_O_CLOCK + timedelta(hours=1), "anna"),
        (TEN_O_CLOCK + timedelta(hours=1), "ben"),
    ]


async def test_a_booking_makes_its_day_be_asked_anew_for_everything_its_staff_does(stage):
    wash = ServiceNames(an_id("wash"), "wash", "Wash", ())
    stage.database.rows.services[wash.id] = (SALON.id, wash)
    stage.database.rows.offerings.append(
        replace(an_offering("anna"), service_id=wash.id, service_slug="wash", calcom_event_type_id=1002)
    )
    await ask_for_free_times(stage)
    assert asked_anew(await ask_for_free_times(stage)) == []

    booked = await book(stage, 10, staff="anna")
    await stage.core.bus.drain()
    assert asked_anew(await ask_for_free_times(stage)) == ["haircut", "wash"]

    await stage.core.cancellation.cancel(SALON, booked.id, reason="ill")
    await stage.core.bus.drain()
    assert asked_anew(await ask_for_free_times(stage)) == ["haircut", "wash"]


async def ask_for_free_times(stage: Stage) -> list[tuple[str, float]]:
    """Return how many answers about Anna's day came from Cal.com, service by service."""
    counts = []
    for service in ("haircut", "wash"):
        before = looked(stage, "availability", "miss")
        await stage.core.slots.find(SALON, replace(TOMORROW, service=service, staff="anna"))
        counts.append((service, looked(stage, "availability", "miss") - before))
    return counts


def asked_anew(counts: list[tuple[str, float]]) -> list[str]:
    return [service for service, misses in counts if misses]


def test_a_stretch_near_midnight_touches_the_days_of_every_clock():
    late = datetime(2026, 12, 1, 22, 30, tzinfo=UTC)

    assert rules.days_anywhere(late, late + timedelta(minutes=30)) == [date(2026, 12, 1), date(2026, 12, 2)]
    assert rules.days_anywhere(late.replace(hour=9), late.replace(hour=11)) == [
        date(2026, 11, 30),
        date(2026, 12, 1),
        date(2026, 12, 2),
    ]
