"""What is remembered, seen through the saga: fewer questions to the database, and the same answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from booking_core.domain.errors import UnknownService, UnknownStaff
from booking_core.domain.models import AvailabilityRequest
from tests.booking_core.conftest import Stage
from tests.factories import HAIRCUT, SALON, TEN_O_CLOCK, a_request, a_wish, an_offering, an_origin

TOMORROW = AvailabilityRequest("haircut", TEN_O_CLOCK.date())


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
    await book(stage, 10, staff="anna")

    _, after = await stage.core.slots.find(SALON, TOMORROW)

    assert len(before) == 4
    assert [(slot.start, slot.staff_slug) for slot in after] == [
        (TEN_O_CLOCK, "ben"),
        (TEN_O_CLOCK + timedelta(hours=1), "anna"),
        (TEN_O_CLOCK + timedelta(hours=1), "ben"),
    ]
