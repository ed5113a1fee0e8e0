"""What is refused before anything is done: without a key, too large, or not to be understood."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.booking_core.http.requests import BOOKING, KEY, post
from tests.factories import API_KEY, READING_KEY, SALON


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {API_KEY}"}])
async def test_a_request_without_our_key_is_401_and_changes_nothing(stage, header):
    async with stage.client() as client:
        answer = await client.post("/v1/bookings", json=BOOKING, headers=header)

    assert (answer.status_code, answer.json()["reason"]) == (401, "unauthorised")
    assert stage.database.rows.appointments == {}


async def test_a_key_that_may_only_read_is_403_for_a_booking_and_says_what_it_lacks(stage):
    reads = {"Authorization": f"Bearer {READING_KEY}"}
    async with stage.client() as client:
        booking = await client.post("/v1/bookings", json=BOOKING, headers=reads)
        cancellation = await client.post(f"/v1/bookings/{UUID(int=1)}/cancel", json={"reason": "x"}, headers=reads)
        question = await client.get("/v1/availability?service=haircut&date=2026-12-02", headers=reads)

    assert (booking.status_code, booking.json()["reason"]) == (403, "scope_missing")
    assert "bookings:write" in booking.json()["message"]
    assert booking.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="bookings:write"'
    assert stage.database.rows.appointments == {}
    assert (cancellation.status_code, question.status_code) == (403, 200)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"start": None}, "start"),
        ({"customer": {"name": "Erika"}}, "customer.phone"),
        ({"customer": {"name": "Erika", "phone": "+4930901820", "emial": "x"}}, "customer.emial"),
        ({"customer": {"name": "Erika", "phone": "none"}}, "phone"),
        ({"start": "soon"}, "start"),
    ],
)
async def test_a_bad_body_is_422_and_names_the_field(stage, broken, field):
    answer = await post(stage, "/v1/bookings", {**BOOKING, **broken})

    assert answer.status_code == 422
    assert field in [each["field"] for each in answer.json()["errors"]]
    assert stage.database.rows.appointments == {}


async def test_a_body_that_is_no_json_is_422(stage):
    async with stage.client() as client:
        answer = await client.post("/v1/bookings", content=b"{", headers={**KEY, "content-type": "application/json"})

    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request")


async def test_an_unknown_service_is_404_with_suggestions(stage):
    answer = await post(stage, "/v1/bookings", {**BOOKING, "service": "hairkut"})

    assert answer.status_code == 404
    assert (answer.json()["reason"], answer.json()["suggestions"]) == ("unknown_service", ["haircut"])


async def test_an_unknown_appointment_is_404(stage):
    answer = await post(stage, f"/v1/bookings/{SALON.id}/cancel", {"reason": "ill"})

    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_appointment")


async def test_a_declared_large_body_is_413(stage):
    answer = await post(stage, "/v1/bookings", {**BOOKING, "service": "x" * 1024 * 1024})

    assert (answer.status_code, answer.json()["reason"]) == (413, "invalid_request")


async def test_an_undeclared_large_body_is_413_as_well(stage):
    async def endless():
        for _ in range(20):
            yield b"x" * 65536 * 2

    async with stage.client() as client:
        answer = await client.post(
            "/v1/bookings", content=endless(), headers={**KEY, "content-type": "application/json"}
        )

    assert answer.status_code == 413
