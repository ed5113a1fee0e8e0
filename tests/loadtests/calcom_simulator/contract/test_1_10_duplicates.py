"""Research part 1.10: duplicate detection, one test per statement and one per row of the consequences of a re-POST."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from tests.loadtests.calcom_simulator.desk import (
    ANNA_COLOUR,
    ANNA_HAIRCUT,
    ANY_CHAIR,
    CONSULTATION,
    COURSE,
    EVA,
    MASSAGE,
    PHYSIO,
    Desk,
    settle,
)

PHONE = "+4917139200123"


async def _lose_the_answer(desk: Desk, **body: Any) -> httpx.Response:
    """Book, lose the answer, and post the same again."""
    fault = await desk.order_fault("error_after_commit", operation="create", status=502)
    lost = await desk.create(**body)
    assert lost.status_code == 502
    await desk.http.delete(f"/control/faults/{fault['id']}")
    return await desk.create(**body)


async def test_re_post_of_an_ordinary_booking_is_400_slot_taken(desk: Desk):
    again = await _lose_the_answer(desk, metadata={"bc_key": "k1"})

    assert (again.status_code, "already has booking at this time" in again.text) == (400, True)
    assert len(await desk.held()) == 1


async def test_re_post_of_a_round_robin_booking_is_201_with_the_same_uid(desk: Desk):
    again = await _lose_the_answer(desk, eventTypeId=ANY_CHAIR)

    [held] = await desk.held()
    assert (again.status_code, again.json()["data"]) == (201, held)


async def test_re_post_of_a_pending_booking_is_201_with_the_same_uid(desk: Desk):
    again = await _lose_the_answer(desk, eventTypeId=CONSULTATION)

    [held] = await desk.held()
    assert (again.status_code, again.json()["data"]) == (201, held)


async def test_re_post_of_a_seated_booking_is_409_already_signed_up(desk: Desk):
    again = await _lose_the_answer(desk, eventTypeId=COURSE)

    assert (again.status_code, "already_signed_up" in again.text) == (409, True)
    [held] = await desk.held()
    assert len(held["attendees"]) == 1


async def test_re_post_of_a_round_robin_booking_with_any_attendee_difference_is_a_second_booking_on_another_host(
    desk: Desk,
):
    first = await desk.booked(eventTypeId=ANY_CHAIR)

    second = await desk.booked(eventTypeId=ANY_CHAIR, attendee=EVA | {"phoneNumber": PHONE})

    assert second["uid"] != first["uid"]
    assert second["hosts"] != first["hosts"]


async def test_the_existing_booking_is_told_to_nobody_again(desk: Desk):
    await desk.subscribe()

    await desk.booked(eventTypeId=CONSULTATION)
    await desk.booked(eventTypeId=CONSULTATION)

    assert desk.inbox.heard() == ["BOOKING_REQUESTED"]


async def test_a_re_post_without_the_email_but_with_the_same_phone_is_the_same_request(desk: Desk):
    attendee = {"name": "Eva", "timeZone": "Europe/Berlin", "phoneNumber": PHONE}

    first = await desk.booked(eventTypeId=ANY_CHAIR, attendee=attendee)

    assert (await desk.booked(eventTypeId=ANY_CHAIR, attendee=attendee))["uid"] == first["uid"]


async def _race(desk: Desk, *bodies: dict[str, Any]) -> list[int]:
    await desk.order_fault("racy", delay_seconds=1)
    racing = [asyncio.create_task(desk.create(**body)) for body in bodies]
    await settle()
    desk.clock.advance(1)
    return [(await race).status_code for race in racing]


async def test_the_unique_key_stops_the_identical_start_end_and_host(desk: Desk):
    assert await _race(desk, {}, {}, {}) == [201, 409, 409]


async def test_the_unique_key_does_not_stop_an_overlap_of_another_length(desk: Desk):
    assert await _race(desk, {}, {"eventTypeId": ANNA_COLOUR}) == [201, 201]
    assert len(await desk.held()) == 2


async def test_the_unique_key_is_of_the_host_not_of_the_event_type(desk: Desk):
    assert await _race(desk, {"eventTypeId": MASSAGE, "lengthInMinutes": 60}, {"eventTypeId": COURSE}) == [201, 409]


async def test_without_a_race_the_same_two_are_told_apart_by_the_check(desk: Desk):
    await desk.booked(eventTypeId=ANNA_COLOUR)

    assert (await desk.create(eventTypeId=ANNA_HAIRCUT)).status_code == 400


async def test_the_unique_key_is_cleared_on_cancel_and_on_reject(desk: Desk):
    uid = (await desk.booked())["uid"]
    await desk.cancel(uid)

    assert await _race(desk, {}, {}) == [201, 409]


async def test_pending_bookings_have_no_unique_key(desk: Desk):
    statuses = await _race(
        desk, {"eventTypeId": CONSULTATION}, {"eventTypeId": CONSULTATION, "attendee": EVA | {"email": "b@example.com"}}
    )

    assert statuses == [201, 201]


async def test_two_moves_to_one_slot_lose_on_the_unique_key_and_the_loser_stays_where_it_was(desk: Desk):
    one = await desk.booked(start="2026-11-24T08:00:00Z")
    two = await desk.booked(start="2026-11-24T08:30:00Z")
    await desk.order_fault("racy", delay_seconds=1)
    racing = [asyncio.create_task(desk.reschedule(row["uid"])) for row in (one, two)]
    await settle()
    desk.clock.advance(1)

    assert [(await race).status_code for race in racing] == [201, 409]
    assert await desk.got(f"/v2/bookings/{two['uid']}") == two


async def test_re_post_of_a_pending_series_is_the_whole_series(desk: Desk):
    await desk.mutate(PHYSIO, needs_confirmation=True)

    first = await desk.booked(eventTypeId=PHYSIO)

    assert [row["status"] for row in first] == ["pending"] * 4
    assert await desk.booked(eventTypeId=PHYSIO) == first
