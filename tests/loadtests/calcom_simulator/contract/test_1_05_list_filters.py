"""Research part 1.5: the filters, orders and pages of GET /v2/bookings, one test per filter."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loadtests.calcom_simulator.desk import (
    ANNA_HAIRCUT,
    BEN_HAIRCUT,
    CONSULTATION,
    EVA,
    MAX,
    PHYSIO,
    PROBE,
    STRANGER,
    Desk,
)


@pytest.fixture
async def uids(desk: Desk) -> dict[str, str]:
    """Book one of each, a minute apart, and cancel one a minute later."""
    past = await desk.booked(eventTypeId=PROBE, start="2026-11-23T08:00:00Z")
    desk.clock.advance(60)
    upcoming = await desk.booked(attendee=MAX)
    desk.clock.advance(60)
    pending = await desk.booked(eventTypeId=CONSULTATION, start="2026-11-25T09:00:00Z")
    cancelled = await desk.booked(eventTypeId=BEN_HAIRCUT, start="2026-11-26T09:00:00Z")
    desk.clock.advance(600)
    await desk.cancel(cancelled["uid"])
    rows = {"past": past, "upcoming": upcoming, "pending": pending, "cancelled": cancelled}
    return {name: row["uid"] for name, row in rows.items()}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "upcoming"}, ["upcoming"]),
        ({"status": "unconfirmed"}, ["pending"]),
        ({"status": "past"}, ["past"]),
        ({"status": "cancelled"}, ["cancelled"]),
        ({"status": "upcoming,unconfirmed"}, ["upcoming", "pending"]),
        ({"attendeeEmail": "max@example.com"}, ["upcoming"]),
        ({"attendeeName": "Max"}, ["upcoming"]),
        ({"eventTypeId": ANNA_HAIRCUT}, ["upcoming"]),
        ({"eventTypeIds": f"{ANNA_HAIRCUT},{PROBE}"}, ["past", "upcoming"]),
        ({"teamId": 1}, []),
        ({"teamsIds": "1,2"}, []),
        ({"afterStart": "2026-11-25T09:00:00Z"}, ["pending", "cancelled"]),
        ({"beforeEnd": "2026-11-24T09:30:00Z"}, ["past", "upcoming"]),
        ({"afterCreatedAt": "2026-11-23T08:01:30Z"}, ["pending", "cancelled"]),
        ({"beforeCreatedAt": "2026-11-23T08:01:00Z"}, ["past", "upcoming"]),
        ({"afterUpdatedAt": "2026-11-23T08:10:00Z"}, ["cancelled"]),
        ({"beforeUpdatedAt": "2026-11-23T08:10:00Z"}, ["past", "upcoming", "pending"]),
        ({"sortStart": "desc"}, ["cancelled", "pending", "upcoming", "past"]),
        ({"sortEnd": "asc"}, ["past", "upcoming", "pending", "cancelled"]),
        ({"sortCreated": "desc", "take": 2}, ["pending", "cancelled"]),
        ({"sortUpdatedAt": "desc", "take": 1}, ["cancelled"]),
        ({"take": 1, "skip": 1}, ["upcoming"]),
        ({"attendeePhone": "+4917139200123"}, ["past", "upcoming", "pending", "cancelled"]),
        ({"metadata[bc_key]": "k1"}, ["past", "upcoming", "pending", "cancelled"]),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else None,
)
async def test_filter(desk: Desk, uids: dict[str, str], query: dict[str, Any], expected: list[str]):
    assert await desk.listed(**query) == [uids[name] for name in expected]


async def test_filter_booking_uid(desk: Desk, uids: dict[str, str]):
    assert await desk.listed(bookingUid=uids["past"]) == [uids["past"]]


async def test_filter_status_recurring(desk: Desk):
    series = await desk.booked(eventTypeId=PHYSIO)
    await desk.booked()

    assert await desk.listed(status="recurring") == [row["uid"] for row in series]


async def test_take_is_100_and_skip_0_unless_asked_for(desk: Desk):
    await desk.booked()

    answer = await desk.ask("GET", "/v2/bookings")

    assert answer.json()["pagination"] == {
        "totalItems": 1,
        "remainingItems": 0,
        "returnedItems": 1,
        "itemsPerPage": 100,
        "currentPage": 1,
        "totalPages": 1,
        "hasNextPage": False,
        "hasPreviousPage": False,
    }


async def test_offset_pages_shift_while_one_pages(desk: Desk):
    first, second, third = [await desk.booked(start=f"2026-11-24T{hour}:00:00Z") for hour in (10, 11, 12)]
    page_one = await desk.listed(take=2)
    await desk.booked(start="2026-11-24T09:00:00Z")

    page_two = await desk.listed(take=2, skip=2)

    assert page_one == [first["uid"], second["uid"]]
    assert page_two == [second["uid"], third["uid"]]


async def test_the_words_of_the_filter_are_not_the_statuses_of_the_bookings(desk: Desk):
    for word in ("accepted", "pending", "rejected"):
        assert (await desk.ask("GET", f"/v2/bookings?status={word}")).status_code == 400


async def test_a_rejected_booking_is_found_among_the_cancelled(desk: Desk):
    uid = (await desk.booked(eventTypeId=CONSULTATION, attendee=EVA))["uid"]
    await desk.post(f"/v2/bookings/{uid}/decline", {"reason": "no"})

    assert await desk.listed(status="cancelled") == [uid]


async def test_every_account_sees_only_its_own(desk: Desk):
    own = await desk.booked()
    theirs = await desk.booked(eventTypeId=2001)

    listed = await desk.ask("GET", "/v2/bookings", headers=STRANGER)

    assert await desk.listed() == [own["uid"]]
    assert [row["uid"] for row in listed.json()["data"]] == [theirs["uid"]]
