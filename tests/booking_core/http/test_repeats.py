"""The same request once more, by its Idempotency-Key."""

from __future__ import annotations

from uuid import UUID

from booking_core.domain.errors import CalcomUnavailable
from tests.booking_core.http.requests import BOOKING, post
from tests.factories import SALON


async def test_a_request_repeated_with_its_key_gets_the_first_answer_word_for_word(stage):
    first = await post(stage, "/v1/bookings", BOOKING, **{"Idempotency-Key": "k1"})
    booked = first.json()["appointment_id"]
    await post(stage, f"/v1/bookings/{booked}/cancel", {"reason": "ill"})

    again = await post(stage, "/v1/bookings", BOOKING, **{"Idempotency-Key": "k1"})

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert len(stage.calcom.created) == 1


async def test_a_refusal_is_repeated_too_even_when_it_would_succeed_now(stage):
    unknown = {**BOOKING, "service": "massage"}
    first = await post(stage, "/v1/bookings", unknown, **{"Idempotency-Key": "k1"})
    again = await post(stage, "/v1/bookings", unknown, **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code) == (404, 404)
    labels = {"outcome": "refused", "reason": "unknown_service", "channel": "api", "traffic": "real"}
    assert stage.count("booking_attempts_total", **labels) == 1


async def test_what_is_not_final_is_not_repeated(stage):
    stage.calcom.error = CalcomUnavailable()
    queued = await post(stage, "/v1/bookings", BOOKING, **{"Idempotency-Key": "k1"})
    stage.calcom.error = None
    await stage.core.settlement.settle(SALON.id, UUID(queued.json()["appointment_id"]), tries=0)

    again = await post(stage, "/v1/bookings", BOOKING, **{"Idempotency-Key": "k1"})

    assert (queued.status_code, again.status_code) == (202, 201)
    assert again.json()["appointment_id"] == queued.json()["appointment_id"]


async def test_a_key_with_another_body_is_422_and_changes_nothing(stage):
    await post(stage, "/v1/bookings", BOOKING, **{"Idempotency-Key": "k1"})

    answer = await post(stage, "/v1/bookings", {**BOOKING, "start": "2026-12-02T12:00"}, **{"Idempotency-Key": "k1"})

    assert (answer.status_code, answer.json()["reason"]) == (422, "idempotency_key_reused")
    assert len(stage.calcom.created) == 1


async def test_a_move_repeated_with_its_key_is_answered_word_for_word(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    path, body = f"/v1/bookings/{booked['appointment_id']}/reschedule", {"start": "2026-12-02T11:00"}
    other = (await post(stage, "/v1/bookings", {**BOOKING, "start": "2026-12-02T14:00"})).json()

    first = await post(stage, path, body, **{"Idempotency-Key": "k"})
    again = await post(stage, path, body, **{"Idempotency-Key": "k"})
    elsewhere = await post(
        stage, f"/v1/bookings/{other['appointment_id']}/reschedule", body, **{"Idempotency-Key": "k"}
    )

    assert again.content == first.content
    assert elsewhere.status_code == 422
