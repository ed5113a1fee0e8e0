"""The control API: look, count, end, start afresh."""

from __future__ import annotations

from tests.loadtests.calcom_simulator.desk import Desk


async def test_it_shows_every_booking_it_holds_in_the_order_they_came(desk: Desk):
    first = await desk.booked(start="2026-11-24T11:00:00Z")
    second = await desk.booked(start="2026-11-24T09:00:00Z")
    cancelled = (await desk.cancel(first["uid"])).json()["data"]

    held = (await desk.http.get("/control/bookings")).json()

    assert held == {"bookings": [cancelled, second]}


async def test_it_counts_calls_by_operation_and_status(desk: Desk):
    await desk.booked()
    await desk.create()
    await desk.slots()
    await desk.http.get("/v2/nowhere")

    counted = (await desk.http.get("/control/calls")).json()

    assert counted == {"calls": {"create": {"201": 1, "400": 1}, "slots": {"200": 1}, "other": {"404": 1}}}


async def test_ending_all_faults_brings_the_service_back(desk: Desk):
    await desk.order_fault("outage")
    await desk.order_fault("rate_limit")

    answer = await desk.http.delete("/control/faults")

    assert (answer.status_code, answer.json()) == (200, {"ended": 2})
    assert (await desk.profile()).status_code == 200


async def test_ending_one_fault_leaves_the_others(desk: Desk):
    first = await desk.order_fault("outage", operation="me")
    second = await desk.order_fault("outage", operation="create")

    await desk.http.delete(f"/control/faults/{first['id']}")

    faults = (await desk.http.get("/control/faults")).json()["faults"]
    assert [fault["id"] for fault in faults] == [second["id"]]


async def test_ending_a_fault_that_is_not_there_says_where_to_look(desk: Desk):
    answer = await desk.http.delete("/control/faults/fault-9")

    assert answer.status_code == 404
    assert "GET /control/faults" in answer.json()["error"]


async def test_a_reset_forgets_bookings_faults_and_counts_but_gives_no_id_twice(desk: Desk):
    before = await desk.booked()
    await desk.order_fault("outage")

    await desk.http.post("/control/reset")

    assert (await desk.http.get("/control/bookings")).json() == {"bookings": []}
    assert (await desk.http.get("/control/faults")).json() == {"faults": []}
    assert (await desk.http.get("/control/calls")).json() == {"calls": {}}
    after = await desk.booked()
    assert after["id"] > before["id"]
    assert after["uid"] != before["uid"]


async def test_it_says_that_it_lives(desk: Desk):
    assert (await desk.http.get("/livez")).json() == {"status": "ok"}
