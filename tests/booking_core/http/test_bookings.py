"""What programs get back when they ask for times and book."""

from __future__ import annotations

from booking_core.domain.errors import CalcomCircuitOpen, CalcomUnavailable
from booking_core.domain.ports import CalcomStatus
from tests.booking_core.http.requests import BOOKING, KEY, call, post
from tests.factories import TEN_O_CLOCK, TEN_O_CLOCK_LOCAL


async def test_a_program_books_an_appointment(stage):
    answer = await post(stage, "/v1/bookings", BOOKING)

    assert answer.status_code == 201
    booked = answer.json()
    assert booked.pop("appointment_id")
    assert booked == {
        "status": "confirmed",
        "calcom_uid": "uid-1",
        "service": "haircut",
        "staff": "anna",
        "start": "2026-12-02T09:00:00Z",
        "end": "2026-12-02T09:30:00Z",
        "local_start": TEN_O_CLOCK_LOCAL,
        "say": "Your Haircut with Anna is booked for Wednesday, 2 December at 10:00.",
    }


async def test_what_the_salon_must_accept_is_answered_as_pending(stage):
    stage.calcom.status = CalcomStatus.PENDING

    answer = await post(stage, "/v1/bookings", BOOKING)

    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert "has to accept it" in answer.json()["say"]


async def test_the_nearest_free_slots_come_first(stage):
    stage.calcom.free = [TEN_O_CLOCK.replace(hour=hour) for hour in (8, 9, 10)]
    async with stage.client() as client:
        query = {"service": "cut", "date": "2026-12-02", "time": "11:00", "staff": "ben", "limit": "2"}
        answer = await client.get("/v1/availability", params=query, headers=KEY)

    assert [slot["local"] for slot in answer.json()["slots"]] == ["2026-12-02T11:00", "2026-12-02T10:00"]


async def test_our_own_hold_hides_a_slot_cal_com_still_lists(stage):
    await post(stage, "/v1/bookings", {**BOOKING, "staff": "anna"})
    stage.calcom.free = [TEN_O_CLOCK]
    async with stage.client() as client:
        answer = await client.get("/v1/availability", params={"service": "haircut", "date": "2026-12-02"}, headers=KEY)

    assert [slot["staff"] for slot in answer.json()["slots"]] == ["ben"]


async def test_while_cal_com_is_away_a_booking_is_202_and_called_queued(stage):
    stage.calcom.error = CalcomUnavailable()

    answer = await post(stage, "/v1/bookings", BOOKING)

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.json()["calcom_uid"] is None


async def test_while_cal_com_is_away_free_slots_are_503_and_called_failed(stage):
    stage.calcom.error = CalcomCircuitOpen(retry_after_seconds=30)
    async with stage.client() as client:
        query = {"service": "haircut", "date": "2026-12-02"}
        answer = await client.get("/v1/availability", params=query, headers=KEY)

    assert (answer.status_code, answer.json()["status"]) == (503, "failed")
    assert answer.json()["reason"] == "calcom_unavailable"


async def test_the_api_asks_again_for_everything_unclear_the_most_important_first(stage):
    unsure = BOOKING | {"confidence": {"name": 0.5, "start": 0.2, "service": 0.6}}

    answer = await post(stage, "/v1/bookings", unsure, **KEY)

    assert (answer.status_code, answer.json()["field"]) == (422, "start")
    assert [each["field"] for each in answer.json()["errors"]] == ["start", "name"]


async def test_a_probe_is_marked_in_the_row_and_in_the_counters(stage):
    args = {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Probe"}

    await call(stage, "book_appointment", args, baggage="tenant=x, synthetic_request=true")

    (booked,) = stage.database.rows.appointments.values()
    assert booked.origin.traffic == "synthetic"
    route = {"route": "/v1/retell/{tenant}/functions", "method": "POST", "code_class": "2xx"}
    assert stage.count("booking_api_request_duration_seconds_count", **route, traffic="synthetic") == 1
    assert stage.count("booking_api_request_duration_seconds_count", **route, traffic="real") == 0


async def test_a_booking_without_a_database_is_503_and_counted_as_our_failure(stage):
    await post(stage, "/v1/bookings", BOOKING)
    client = stage.client()
    async with client:
        await client.post("/v1/bookings", json=BOOKING, headers=KEY)
        stage.database.down = True
        answer = await client.post("/v1/bookings", json={**BOOKING, "start": "2026-12-02T12:00"}, headers=KEY)

    assert (answer.status_code, answer.json()["reason"]) == (503, "database_unavailable")
    labels = {"outcome": "failed", "reason": "database_unavailable", "channel": "api", "traffic": "real"}
    assert stage.count("booking_attempts_total", **labels) == 1


async def test_a_probe_hears_cal_com_itself_and_not_what_is_remembered(stage):
    """Callers are served from memory while Cal.com is away; a probe that were, too, would call it alive."""
    query = {"service": "haircut", "date": "2026-12-02"}
    stage.calcom.free = [TEN_O_CLOCK]
    async with stage.client() as client:
        await client.get("/v1/availability", params=query, headers=KEY)
        stage.calcom.error = CalcomUnavailable()

        caller = await client.get("/v1/availability", params=query, headers=KEY)
        probe = await client.get("/v1/availability", params=query, headers=KEY | {"baggage": "synthetic_request=true"})

    assert (caller.status_code, probe.status_code) == (200, 503)
