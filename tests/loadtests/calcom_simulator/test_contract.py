"""What holds for every call: envelope, headers, keys, versions, event types, own profile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loadtests.calcom_simulator.salons import salon
from tests.loadtests.calcom_simulator.desk import (
    BOOKINGS,
    EVENT_TYPES,
    MONDAY,
    OWNER,
    PROBE,
    SLOTS,
    WRONG_KEY,
    Desk,
    booking_body,
    slot_query,
)


async def test_an_error_travels_in_the_envelope_of_the_framework(desk: Desk):
    answer = await desk.http.get("/v2/bookings/nothing?a=1", headers=BOOKINGS)

    message = "Booking with uid=nothing was not found in the database"
    assert answer.json() == {
        "status": "error",
        "timestamp": "2026-11-23T08:00:00.000Z",
        "path": "/v2/bookings/nothing?a=1",
        "error": {
            "code": "NotFoundException",
            "message": message,
            "details": {"message": message, "error": "Not Found", "statusCode": 404},
        },
    }


@pytest.mark.parametrize("path", ["/v2/me", "/v2/bookings/nothing", "/v2/nowhere"])
async def test_every_answer_carries_the_limits_and_a_request_id(desk: Desk, path: str):
    answer = await desk.http.get(path, headers=OWNER)

    assert answer.headers["x-ratelimit-limit-default"] == "1000000"
    assert answer.headers["x-ratelimit-remaining-default"] == "999999"
    assert answer.headers["x-ratelimit-reset-default"] == "60"
    assert answer.headers["x-request-id"]


async def test_a_request_id_of_the_caller_is_kept(desk: Desk):
    answer = await desk.http.get("/v2/me", headers=OWNER | {"x-request-id": "mine"})

    assert answer.headers["x-request-id"] == "mine"


@pytest.mark.parametrize(("method", "path"), [("GET", "/v2/teams"), ("DELETE", "/v2/bookings"), ("PUT", "/v2/me")])
async def test_what_cal_com_does_not_have_is_not_found(desk: Desk, method: str, path: str):
    answer = await desk.http.request(method, path, headers=OWNER)

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == f"Cannot {method} {path}"


async def test_me_is_the_salon_and_needs_the_key(desk: Desk):
    own = await desk.profile()
    without = await desk.http.get("/v2/me")
    wrong = await desk.http.get("/v2/me", headers=WRONG_KEY)

    assert (own.status_code, own.json()["data"]["timeZone"]) == (200, "Europe/Berlin")
    assert own.json()["data"].keys() >= {"id", "username", "email", "name", "weekStart", "organizationId"}
    assert (without.status_code, wrong.status_code) == (401, 401)


async def test_the_owner_sees_every_event_type_with_its_host_and_aliases(desk: Desk):
    answer = await desk.http.get("/v2/event-types", headers=EVENT_TYPES | OWNER)

    kinds = {kind["id"]: kind for kind in answer.json()["data"]}
    assert [
        (key, kind["slug"], kind["users"][0]["username"], kind["lengthInMinutes"]) for key, kind in kinds.items()
    ] == [
        (1001, "haircut", "anna", 30),
        (1002, "colour", "anna", 90),
        (1003, "beard-trim", "anna", 15),
        (1004, "haircut", "ben", 30),
        (1005, "colour", "ben", 90),
        (1006, "beard-trim", "ben", 15),
        (1007, "probe", "probe-chair", 5),
        (1008, "highlights", "anna", 60),
        (1009, "highlights-2", "anna", 45),
        (1010, "highlights", "ben", 60),
        (1011, "highlights-2", "ben", 45),
    ]
    assert kinds[1001]["metadata"] == {"aliases": "cut,trim"}
    second_part = {"aliases": "streaks,foils", "service": "highlights", "segment": "1", "offset_minutes": "90"}
    assert (kinds[1009]["metadata"], kinds[1009]["hidden"]) == (second_part, True)
    assert kinds[1001]["users"] == [{"id": 11, "name": "Anna", "username": "anna", "timeZone": "Europe/Berlin"}]
    assert (kinds[1001]["minimumBookingNotice"], kinds[1001]["hidden"]) == (60, False)
    assert (kinds[PROBE]["minimumBookingNotice"], kinds[PROBE]["hidden"]) == (0, True)
    assert kinds[PROBE]["metadata"] == {"synthetic": "true"}


async def test_the_public_sees_one_hosts_event_types_and_no_hidden_ones(desk: Desk):
    async def seen(**query: str) -> list[int]:
        answer = await desk.http.get("/v2/event-types", params=query, headers=EVENT_TYPES)
        return [kind["id"] for kind in answer.json()["data"]]

    assert await seen(username="anna") == [1001, 1002, 1003, 1008]
    assert await seen(username="anna", eventSlug="colour") == [1002]
    assert await seen(username="probe-chair") == []
    assert await seen() == []


@pytest.mark.parametrize("version", ["2024-08-13", "2026-02-25"])
async def test_both_booking_versions_answer_the_same_shape(desk: Desk, version: str):
    answer = await desk.http.post("/v2/bookings", json=booking_body(), headers={"cal-api-version": version})

    assert answer.json()["data"]["start"] == "2026-11-24T09:00:00.000Z"


@pytest.mark.parametrize("headers", [{}, {"cal-api-version": "2024-04-15"}, {"cal-api-version": "2030-01-01"}])
async def test_without_a_current_version_everything_has_an_older_shape(desk: Desk, headers: dict[str, str]):
    created = await desk.http.post("/v2/bookings", json=booking_body(), headers=headers)
    uid = created.json()["data"]["uid"]
    fetched = await desk.http.get(f"/v2/bookings/{uid}", headers=headers)
    listed = await desk.http.get("/v2/bookings", headers=headers | OWNER)
    slots = await desk.http.get("/v2/slots", params=slot_query(), headers=headers)
    kinds = await desk.http.get("/v2/event-types", headers=headers | OWNER)

    assert created.status_code == 201
    assert "start" not in created.json()["data"]
    assert created.json()["data"]["startTime"] == "2026-11-24T09:00:00.000Z"
    assert fetched.json()["data"]["status"] == "ACCEPTED"
    assert listed.json()["data"].keys() == {"bookings", "recurringInfo", "nextCursor"}
    assert slots.json()["data"]["slots"]["2026-11-24"][0] == {"time": "2026-11-24T00:00:00.000Z"}
    assert len(kinds.json()["data"]["eventTypeGroups"][0]["eventTypes"]) == 11


async def test_a_version_of_another_resource_selects_the_older_shape(desk: Desk):
    answer = await desk.http.get("/v2/event-types", headers=SLOTS | OWNER)

    assert "eventTypeGroups" in answer.json()["data"]


def test_every_event_type_can_be_booked_up_to_a_year_ahead():
    assert {kind.bookable(MONDAY).end for kind in salon()} == {MONDAY + timedelta(days=365)}
