"""A customer who asks to be forgotten is, unless something of theirs still needs them."""

from __future__ import annotations

import pytest

from booking_core.domain.erasure import Erased, StillBetweenTheWorlds
from booking_core.domain.errors import CalcomUnavailable, CustomerValidationError
from booking_core.operator.erase import described
from booking_core.services.erasure import Erasure
from tests.booking_core.conftest import Stage
from tests.factories import SALON, TEN_O_CLOCK_LOCAL, a_request, a_wish, an_origin


@pytest.fixture
def erasure(stage: Stage) -> Erasure:
    return Erasure(stage.database, stage.core.orchestrator.customers)


async def book(stage: Stage, start: str = TEN_O_CLOCK_LOCAL):
    return await stage.core.orchestrator.book(SALON, a_request(start=start), an_origin())


async def test_a_forgotten_customer_who_calls_again_is_a_new_one(stage, erasure):
    first = await book(stage)

    erased = await erasure.erase(SALON, "030 901820")
    again = await book(stage, "2026-12-02T11:00")

    assert (erased.customers, erased.appointments) == (1, 1)
    assert stage.database.rows.appointments[first.id].customer.name == "erased"
    assert again.customer.id != first.customer.id
    assert again.customer.name == a_wish().name


async def test_nobody_is_forgotten_while_a_booking_of_theirs_hangs(stage, erasure):
    stage.calcom.error = CalcomUnavailable()
    queued = await book(stage)

    with pytest.raises(StillBetweenTheWorlds, match="1 of their bookings"):
        await erasure.erase(SALON, a_wish().phone)

    assert stage.database.rows.appointments[queued.id] == queued


async def test_a_dry_run_tells_the_same_and_changes_nothing(stage, erasure):
    await book(stage)
    before = stage.database.rows.copied()

    looked = await erasure.erase(SALON, a_wish().phone, is_dry_run=True)

    assert stage.database.rows == before
    assert looked == await erasure.erase(SALON, a_wish().phone)


async def test_what_is_no_telephone_number_is_refused(erasure):
    with pytest.raises(CustomerValidationError):
        await erasure.erase(SALON, "Erika")


def test_the_operator_is_told_what_is_left_to_do_at_cal_com():
    done = described(Erased(1, 2, 3, 4, ["uid-1"]), dry=False)

    assert "appointments kept       2" in done
    assert "uid-1" in done
    assert "nobody of that number" in described(Erased(0, 0, 0, 0), dry=True)
