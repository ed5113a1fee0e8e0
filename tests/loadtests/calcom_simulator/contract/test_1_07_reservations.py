"""Research part 1.7: slot reservations, one test per statement."""

from __future__ import annotations

import asyncio

import pytest

from tests.loadtests.calcom_simulator.desk import (
    ANY_CHAIR,
    COURSE,
    ELEVEN,
    MASSAGE,
    MAX,
    SLOTS,
    STRANGER,
    Desk,
    settle,
)


async def test_a_hold_is_answered_with_all_its_terms(desk: Desk):
    answer = await desk.reserve()

    held = answer.json()["data"]
    assert len(held.pop("reservationUid")) == 22
    assert held == {
        "eventTypeId": 1001,
        "slotStart": "2026-11-24T09:00:00.000Z",
        "slotEnd": "2026-11-24T09:30:00.000Z",
        "slotDuration": 30,
        "reservationDuration": 5,
        "reservationUntil": "2026-11-23T08:05:00.000Z",
    }


async def test_slot_duration_is_for_event_types_of_several_lengths(desk: Desk):
    long = await desk.reserve(eventTypeId=MASSAGE, slotDuration=90)
    only_one = await desk.reserve(slotDuration=30)

    assert long.json()["data"]["slotEnd"] == "2026-11-24T10:30:00.000Z"
    assert only_one.status_code == 400


async def test_the_default_hold_ends_after_five_minutes(desk: Desk):
    uid = (await desk.reserve()).json()["data"]["reservationUid"]
    path = f"/v2/slots/reservations/{uid}"

    desk.clock.advance(299)
    before = (await desk.http.get(path, headers=SLOTS)).json()["data"]
    desk.clock.advance(1)
    after = (await desk.http.get(path, headers=SLOTS)).json()["data"]

    assert (before["reservationUid"], after) == (uid, None)
    assert (await desk.create()).status_code == 201


async def test_custom_minutes_need_a_key_and_the_owners(desk: Desk):
    answers = [await desk.reserve({}, reservationDuration=20), await desk.reserve(STRANGER, reservationDuration=20)]
    own = await desk.reserve(reservationDuration=20)

    assert [answer.status_code for answer in answers] == [401, 403]
    assert own.json()["data"]["reservationUntil"] == "2026-11-23T08:20:00.000Z"


async def test_422_if_already_booked(desk: Desk):
    await desk.booked()

    assert (await desk.reserve()).status_code == 422


async def test_422_if_already_reserved(desk: Desk):
    await desk.reserve()

    assert (await desk.reserve()).status_code == 422


async def test_422_if_no_seats_are_left(desk: Desk):
    await desk.booked(eventTypeId=COURSE)
    await desk.booked(eventTypeId=COURSE, attendee=MAX)

    last, none_left = await desk.reserve(eventTypeId=COURSE), await desk.reserve(eventTypeId=COURSE)

    assert (last.status_code, none_left.status_code) == (201, 422)


async def test_get_of_an_unknown_uid_is_200_with_null(desk: Desk):
    answer = await desk.http.get("/v2/slots/reservations/nothing", headers=SLOTS)

    assert (answer.status_code, answer.json()) == (200, {"status": "success", "data": None})


async def test_booking_against_someone_elses_hold_is_400_and_tells_the_seconds(desk: Desk):
    await desk.reserve()
    desk.clock.advance(60)

    answer = await desk.create()

    message = answer.json()["error"]["message"]
    assert answer.status_code == 400
    assert "reserved this booking time slot" in message
    assert message.endswith(" 240 seconds.")


async def test_a_held_slot_is_not_offered(desk: Desk):
    await desk.reserve()

    starts = [slot["start"] for slot in (await desk.slots())["2026-11-24"]]

    assert "2026-11-24T09:00:00.000Z" not in starts


async def test_a_later_holder_loses_to_the_first_in_line(desk: Desk):
    await desk.order_fault("racy", delay_seconds=1, operation="reserve")
    racing = [asyncio.create_task(desk.reserve()) for _ in range(2)]
    await settle()
    desk.clock.advance(1)
    first, later = [(await race).json()["data"]["reservationUid"] for race in racing]
    await desk.http.delete("/control/faults")

    refused = await desk.create(reservedSlotUid=later)
    booked = await desk.create(reservedSlotUid=first)

    assert first != later
    assert (refused.status_code, booked.status_code) == (400, 201)


async def test_patch_moves_a_hold_and_delete_gives_it_up(desk: Desk):
    path = f"/v2/slots/reservations/{(await desk.reserve()).json()['data']['reservationUid']}"

    moved = await desk.http.patch(path, json={"eventTypeId": 1001, "slotStart": ELEVEN}, headers=SLOTS)
    freed = (await desk.create()).status_code
    await desk.http.delete(path, headers=SLOTS)

    assert (moved.json()["data"]["slotStart"], freed) == ("2026-11-24T10:00:00.000Z", 201)
    assert (await desk.create(start=ELEVEN)).status_code == 201
    assert (await desk.http.delete(path, headers=SLOTS)).status_code == 404
    assert (await desk.http.patch(path, json={}, headers=SLOTS)).status_code == 404


async def test_a_hold_is_not_moved_onto_a_booking(desk: Desk):
    await desk.booked(start=ELEVEN)
    path = f"/v2/slots/reservations/{(await desk.reserve()).json()['data']['reservationUid']}"

    answer = await desk.http.patch(path, json={"eventTypeId": 1001, "slotStart": ELEVEN}, headers=SLOTS)

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("change", "status"),
    [({"slotStart": "soon"}, 400), ({"eventTypeId": "1001"}, 400), ({"eventTypeId": 4711}, 404)],
)
async def test_a_wrong_hold_is_refused(desk: Desk, change: dict[str, object], status: int):
    assert (await desk.reserve(**change)).status_code == status


async def test_a_team_cannot_be_held_without_hosts_but_with_them(desk: Desk):
    assert (await desk.reserve(eventTypeId=ANY_CHAIR)).status_code == 201
    assert (await desk.reserve(eventTypeId=1110)).status_code == 400
