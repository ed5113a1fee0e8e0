"""Research part 1.9: how every case of the error table looks on the wire, one test per row."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.loadtests.calcom_simulator.desk import (
    ANNA_COLOUR,
    ANY_CHAIR,
    BOOKINGS,
    CONSULTATION,
    COURSE,
    EVA,
    FIRST_VISIT,
    MAX,
    MEMBERS_ONLY,
    NOBODY,
    OWNER,
    STRANGER,
    SURVEY,
    WRONG_KEY,
    Desk,
    booking_body,
    settle,
)


def _assert_error(answer: httpx.Response, status: int, fragment: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert fragment in f"{error['code']}: {error['message']}"
    return error


async def test_row_slot_taken_at_a_user_event(desk: Desk):
    await desk.booked()

    error = _assert_error(await desk.create(), 400, "already has booking at this time")

    assert error["code"] == "BadRequestException"


async def test_row_slot_taken_at_a_team_event(desk: Desk):
    for name in ("one", "two"):
        await desk.booked(eventTypeId=ANY_CHAIR, attendee=EVA | {"email": f"{name}@example.com"})

    _assert_error(await desk.create(eventTypeId=ANY_CHAIR, attendee=MAX), 400, "hosts either already has booking")


async def _race(desk: Desk, *bodies: dict[str, Any]) -> list[httpx.Response]:
    await desk.order_fault("racy", delay_seconds=1)
    racing = [asyncio.create_task(desk.create(**body)) for body in bodies]
    await settle()
    desk.clock.advance(1)
    return [await race for race in racing]


async def test_row_lost_race_on_the_dedupe_key(desk: Desk):
    won, lost = await _race(desk, {}, {"attendee": MAX})

    assert won.status_code == 201
    _assert_error(lost, 409, "booking_conflict")
    assert len(await desk.held()) == 1


@pytest.mark.parametrize(("status", "fragment"), [(400, "booking_conflict"), (500, "Internal server error")])
async def test_row_lost_race_may_surface_with_another_status(desk: Desk, status: int, fragment: str):
    await desk.order_fault("library_error", status=status)

    _, lost = await _race(desk, {}, {"attendee": MAX})

    _assert_error(lost, status, fragment)


@pytest.mark.parametrize("status", [400, 409, 500])
async def test_row_already_cancelled_may_surface_with_another_status(desk: Desk, status: int):
    uid = (await desk.booked())["uid"]
    await desk.cancel(uid)
    await desk.order_fault("library_error", status=status)

    assert (await desk.cancel(uid)).status_code == status


@pytest.mark.parametrize("start", ["2026-11-23T08:30:00Z", "2028-01-10T09:00:00Z"])
async def test_row_too_soon_or_outside_the_window(desk: Desk, start: str):
    _assert_error(await desk.create(start=start), 400, 'can\'t be booked at the "start" time')


async def test_row_past(desk: Desk):
    _assert_error(await desk.create(start="2026-11-20T09:00:00Z"), 400, "meeting in the past")


async def test_row_booker_limit_names_the_booking_to_reschedule(desk: Desk):
    booking = await desk.booked(eventTypeId=FIRST_VISIT)

    again = await desk.create(eventTypeId=FIRST_VISIT, start="2026-11-25T09:00:00Z")
    somebody_else = await desk.create(eventTypeId=FIRST_VISIT, start="2026-11-25T09:00:00Z", attendee=MAX)

    error = _assert_error(again, 400, "maximum number of active bookings")
    assert booking["uid"] in error["message"]
    assert somebody_else.status_code == 201


async def test_row_slot_held_by_another(desk: Desk):
    await desk.reserve()

    error = _assert_error(await desk.create(), 400, "reserved this booking time slot")

    assert error["message"].endswith("300 seconds.")


async def test_row_same_attendee_same_seat_slot(desk: Desk):
    await desk.booked(eventTypeId=COURSE)

    error = _assert_error(await desk.create(eventTypeId=COURSE), 409, "already_signed_up")

    # The other envelope: a code of its own, and data instead of details.
    assert error.keys() == {"code", "message", "data"}


async def test_row_seats_full(desk: Desk):
    for name in ("one", "two", "three"):
        await desk.booked(eventTypeId=COURSE, attendee=EVA | {"email": f"{name}@example.com"})

    _assert_error(await desk.create(eventTypeId=COURSE, attendee=MAX), 409, "booking_seats_full")


async def test_row_not_enough_seats_for_the_guests(desk: Desk):
    for name in ("one", "two"):
        await desk.booked(eventTypeId=COURSE, attendee=EVA | {"email": f"{name}@example.com"})

    answer = await desk.create(eventTypeId=COURSE, attendee=MAX, guests=["ida@example.com"])

    _assert_error(answer, 409, "not_enough_available_seats")


@pytest.mark.parametrize(
    "change",
    [
        {"start": "soon"},
        {"metadata": {"k" * 41: ""}},
        {"attendee": EVA | {"phoneNumber": "0171"}},
        {"eventTypeId": SURVEY},
    ],
)
async def test_row_bad_body_metadata_phone_or_missing_custom_field(desk: Desk, change: dict[str, Any]):
    _assert_error(await desk.create(**change), 400, "BadRequestException")


async def test_row_unknown_event_type_booking_or_team(desk: Desk):
    nameless: dict[str, Any] = {"eventTypeId": None, "eventTypeSlug": "haircut"}
    answers = [
        await desk.create(eventTypeId=4711),
        await desk.create(**nameless, username="nobody"),
        await desk.create(**nameless, teamSlug="nobody"),
        await desk.ask("GET", "/v2/bookings/nothing"),
        await desk.cancel("nothing"),
        await desk.reschedule("nothing"),
    ]

    for answer in answers:
        _assert_error(answer, 404, "not found")


async def test_row_bad_key(desk: Desk):
    for path in ("/v2/me", "/v2/bookings", "/v2/slots"):
        _assert_error(await desk.ask("GET", path, headers=WRONG_KEY), 401, "UnauthorizedException")


async def test_row_credential_of_another_kind_is_refused_where_one_is_looked_at(desk: Desk):
    token = {"authorization": "Bearer token-of-somebody"}

    assert (await desk.ask("GET", "/v2/me", headers=token)).status_code == 401
    assert (
        await desk.ask("GET", "/v2/slots?eventTypeId=4711&start=2026-11-24&end=2026-11-24", headers=token)
    ).status_code == 404


async def test_row_no_permission(desk: Desk):
    pending = await desk.booked(eventTypeId=CONSULTATION)
    members = booking_body(eventTypeId=MEMBERS_ONLY, start="2026-11-24T13:00:00Z")

    without = await desk.http.post("/v2/bookings", json=members, headers=BOOKINGS)
    foreign = await desk.http.post("/v2/bookings", json=members, headers=BOOKINGS | STRANGER)
    own = await desk.http.post("/v2/bookings", json=members, headers=BOOKINGS | OWNER)

    _assert_error(await desk.post(f"/v2/bookings/{pending['uid']}/confirm", {}, STRANGER), 403, "ForbiddenException")
    assert [answer.status_code for answer in (without, foreign, own)] == [401, 403, 201]


async def test_row_team_event_without_hosts(desk: Desk):
    _assert_error(await desk.create(eventTypeId=NOBODY), 422, "no hosts")


async def test_row_rate_limited(desk: Desk):
    await desk.order_fault("rate_limit")

    error = _assert_error(await desk.create(), 429, "Too many requests")

    assert error["code"] == "ThrottlerException"
    assert await desk.held() == []


async def test_row_anything_5xx_may_come_before_or_after_the_commit(desk: Desk):
    await desk.order_fault("error_share", share=1)
    before = await desk.create()
    held_before = len(await desk.held())
    await desk.http.delete("/control/faults")
    await desk.order_fault("error_after_commit")
    after = await desk.create()

    assert before.json()["error"] == after.json()["error"]
    assert (before.status_code, held_before, after.status_code, len(await desk.held())) == (500, 0, 500, 1)


async def test_a_proxy_error_has_no_envelope(desk: Desk):
    await desk.order_fault("outage", status=502)

    answer = await desk.create()

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")


async def test_a_validation_message_is_an_array_and_any_other_a_string(desk: Desk):
    fields = await desk.create(start="soon", attendee=None)
    await desk.booked()
    taken = await desk.create()

    assert len(fields.json()["error"]["details"]["message"]) == 2
    assert isinstance(taken.json()["error"]["details"]["message"], str)


async def test_two_event_types_of_other_lengths_may_overlap_at_one_host_in_a_race(desk: Desk):
    short, long = await _race(desk, {}, {"eventTypeId": ANNA_COLOUR})

    assert (short.status_code, long.status_code) == (201, 201)
