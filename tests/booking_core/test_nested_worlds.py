# ruff: noqa: F811 - tests take the fixture that is imported under its own name
"""A service with a pause, as `make up` offers it: the simulator of Cal.com beside a real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking_core.domain.errors import SlotTaken
from booking_core.domain.models import Appointment, AvailabilityRequest, CustomerWish, State
from booking_core.domain.rules import day, local_text
from tests.booking_core.test_reconciliation_worlds import Worlds, worlds  # noqa: F401 - the fixture
from tests.factories import a_request, a_wish, an_origin

pytestmark = pytest.mark.integration

ERIKA, MAX = a_wish(email="erika@example.org"), a_wish("Max", "+4930901821")


async def starts(worlds: Worlds, service: str, date: str) -> list[str]:
    """Return the times of day at which Anna offers the service."""
    zone = worlds.tenant.time_zone
    wish = AvailabilityRequest(service, day(date, now=worlds.clock.now(), zone=zone), staff="anna", limit=100)
    _, slots = await worlds.core.slots.find(worlds.tenant, wish)
    return [local_text(slot.start, zone).partition("T")[2] for slot in slots]


async def book(worlds: Worlds, service: str, start: str, wish: CustomerWish = ERIKA) -> Appointment:
    request = a_request(service=service, start=start, staff="anna", wish=wish)
    return await worlds.core.orchestrator.book(worlds.tenant, request, an_origin())


@pytest.fixture
def date(worlds: Worlds) -> str:
    """A working day a week ahead."""
    ahead = worlds.clock.now().date() + timedelta(days=7)
    return (ahead + timedelta(days=ahead.weekday() == 6)).isoformat()


async def test_a_visit_is_offered_booked_and_cancelled_and_its_pause_is_somebody_elses(worlds, date):
    before = await starts(worlds, "streaks", date)
    # Two hours and a quarter, the last of them from a quarter to four.
    assert (before[0], before[-1]) == ("09:00", "15:30")

    visit = await book(worlds, "streaks", f"{date}T10:00")
    assert visit.state is State.CONFIRMED
    haircuts = await starts(worlds, "haircut", date)
    assert [each for each in haircuts if "09:30" <= each < "12:30"] == ["09:30", "11:00"]

    assert (await book(worlds, "haircut", f"{date}T11:00", MAX)).state is State.CONFIRMED
    with pytest.raises(SlotTaken):
        await book(worlds, "haircut", f"{date}T10:30", MAX)
    # Its second part would meet the haircut.
    assert "09:30" not in await starts(worlds, "streaks", date)

    await worlds.core.cancellation.cancel(worlds.tenant, visit.id, reason="ill")
    await worlds.core.bus.drain()
    assert sorted((await worlds.statuses()).values()) == ["accepted", "cancelled", "cancelled"]
    assert len(worlds.mailer.letters) == 2


async def test_both_worlds_agree_about_a_visit(worlds, date):
    await book(worlds, "highlights", f"{date}T10:00")

    assert await worlds.run_twice() == []
