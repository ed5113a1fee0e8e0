"""GET /v2/bookings/{uid} and GET /v2/bookings against the contract."""

from __future__ import annotations

import pytest

from tests.loadtests.calcom_simulator.desk import ANNA_HAIRCUT, BEN_HAIRCUT, BOOKINGS, OWNER, PROBE, WRONG_KEY, Desk


async def test_a_booking_is_found_by_its_uid_with_its_metadata(desk: Desk):
    booking = await desk.booked(metadata={"bc_key": "k1"})

    answer = await desk.http.get(f"/v2/bookings/{booking['uid']}", headers=BOOKINGS)

    assert (answer.status_code, answer.json()) == (200, {"status": "success", "data": booking})


async def test_an_unknown_uid_is_not_found(desk: Desk):
    answer = await desk.http.get("/v2/bookings/nothing", headers=BOOKINGS | OWNER)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFoundException")
    assert "not found" in answer.text


@pytest.mark.parametrize("key", [{}, WRONG_KEY])
async def test_the_list_needs_the_key(desk: Desk, key: dict[str, str]):
    answer = await desk.http.get("/v2/bookings", headers=BOOKINGS | key)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UnauthorizedException")


async def test_a_wrong_key_is_refused_even_where_none_is_needed(desk: Desk):
    booking = await desk.booked()

    answer = await desk.http.get(f"/v2/bookings/{booking['uid']}", headers=BOOKINGS | WRONG_KEY)

    assert answer.status_code == 401


async def test_the_look_up_by_event_type_and_window_finds_just_the_booking(desk: Desk):
    wanted = await desk.booked(start="2026-11-24T09:00:00Z")
    await desk.booked(start="2026-11-24T09:30:00Z")
    await desk.booked(eventTypeId=BEN_HAIRCUT, start="2026-11-24T09:00:00Z")

    found = await desk.listed(
        eventTypeId=ANNA_HAIRCUT,
        afterStart="2026-11-24T08:59:00Z",
        beforeEnd="2026-11-24T09:31:00Z",
        status="upcoming,unconfirmed",
    )

    assert found == [wanted["uid"]]


async def test_a_wide_window_and_a_narrow_one_agree(desk: Desk):
    for hour in (9, 10, 11):
        await desk.booked(start=f"2026-11-24T{hour:02}:00:00Z")

    narrow = await desk.listed(eventTypeId=ANNA_HAIRCUT, afterStart="2026-11-24", beforeEnd="2026-11-25")
    wide = await desk.listed(eventTypeId=ANNA_HAIRCUT, afterStart="2026-01-01", beforeEnd="2027-11-25")

    assert len(narrow) == 3
    assert narrow == wide


async def test_the_words_of_the_status_filter_are_not_the_bookings_own(desk: Desk):
    past = (await desk.booked(eventTypeId=PROBE, start="2026-11-23T08:00:00Z"))["uid"]
    upcoming = (await desk.booked())["uid"]
    cancelled = (await desk.booked(eventTypeId=BEN_HAIRCUT))["uid"]
    await desk.cancel(cancelled)
    desk.clock.advance(600)

    assert await desk.listed(status="past") == [past]
    assert await desk.listed(status="upcoming") == [upcoming]
    assert await desk.listed(status="cancelled") == [cancelled]
    assert await desk.listed(status="unconfirmed,recurring") == []
    assert sorted(await desk.listed()) == sorted([past, upcoming, cancelled])


async def test_attendee_and_uid_filters_narrow_the_list(desk: Desk):
    eva = await desk.booked()
    max_ = await desk.booked(
        eventTypeId=BEN_HAIRCUT, attendee={"name": "Max", "timeZone": "UTC", "email": "max@example.com"}
    )

    assert await desk.listed(attendeeEmail="eva@example.com") == [eva["uid"]]
    assert await desk.listed(attendeeName="Max") == [max_["uid"]]
    assert await desk.listed(bookingUid=eva["uid"]) == [eva["uid"]]
    assert await desk.listed(eventTypeIds=f"{BEN_HAIRCUT},4711") == [max_["uid"]]
    assert await desk.listed(teamId=1) == []


async def test_windows_of_creation_and_change_narrow_the_list(desk: Desk):
    early = await desk.booked()
    desk.clock.advance(60)
    late = await desk.booked(eventTypeId=BEN_HAIRCUT)
    desk.clock.advance(60)
    await desk.cancel(early["uid"])

    assert await desk.listed(beforeCreatedAt="2026-11-23T08:00:30Z") == [early["uid"]]
    assert await desk.listed(afterCreatedAt="2026-11-23T08:00:30Z") == [late["uid"]]
    assert await desk.listed(afterUpdatedAt="2026-11-23T08:01:30Z") == [early["uid"]]
    assert await desk.listed(beforeUpdatedAt="2026-11-23T08:01:30Z") == [late["uid"]]


async def test_the_list_is_sorted_as_asked(desk: Desk):
    second = (await desk.booked(start="2026-11-24T10:00:00Z"))["uid"]
    desk.clock.advance(1)
    first = (await desk.booked(start="2026-11-24T09:00:00Z"))["uid"]

    assert await desk.listed() == [first, second]
    assert await desk.listed(sortStart="desc") == [second, first]
    assert await desk.listed(sortEnd="asc") == [first, second]
    assert await desk.listed(sortCreated="asc") == [second, first]
    assert await desk.listed(sortUpdatedAt="desc") == [first, second]


async def test_pages_are_offsets_and_say_where_they_lie(desk: Desk):
    for hour in (9, 10, 11):
        await desk.booked(start=f"2026-11-24T{hour:02}:00:00Z")

    query = {"take": 2, "skip": 2}
    answer = await desk.http.get("/v2/bookings", params=query, headers=BOOKINGS | OWNER)

    assert len(answer.json()["data"]) == 1
    assert answer.json()["pagination"] == {
        "totalItems": 3,
        "remainingItems": 0,
        "returnedItems": 1,
        "itemsPerPage": 2,
        "currentPage": 2,
        "totalPages": 2,
        "hasNextPage": False,
        "hasPreviousPage": True,
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("status", "accepted"),
        ("take", "0"),
        ("take", "251"),
        ("skip", "-1"),
        ("afterStart", "soon"),
        ("beforeEnd", "9999-12-31"),
        ("sortStart", "up"),
        ("eventTypeIds", "1001,x"),
    ],
)
async def test_a_wrong_filter_is_refused_by_name(desk: Desk, name: str, content: str):
    answer = await desk.http.get("/v2/bookings", params={name: content}, headers=BOOKINGS | OWNER)

    assert answer.status_code == 400
    assert name.rstrip("s") in answer.json()["error"]["details"]["message"][0]
