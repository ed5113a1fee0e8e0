"""The control API: look, count, end, start afresh."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loadtests.calcom_simulator.desk import (
    ANNA_HAIRCUT,
    CONSULTATION,
    EVENT_TYPES,
    NOBODY,
    OWNER,
    PHYSIO,
    TEN,
    Desk,
)


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

    assert counted["calls"] == {"create": {"201": 1, "400": 1}, "slots": {"200": 1}, "other": {"404": 1}}


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
    assert (await desk.http.get("/control/calls")).json() == {"calls": {}, "busiest_minute": {}}
    after = await desk.booked()
    assert after["id"] > before["id"]
    assert after["uid"] != before["uid"]


async def test_it_says_that_it_lives(desk: Desk):
    assert (await desk.http.get("/livez")).json() == {"status": "ok"}


async def test_a_human_books_a_slot_behind_our_back_even_during_an_outage(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("outage")

    answer = await desk.http.post("/control/book", json={"event_type": ANNA_HAIRCUT, "start": TEN, "name": "Ida"})
    await desk.http.delete("/control/faults")

    [row] = answer.json()["bookings"]
    assert (answer.status_code, row["attendees"][0]["name"], row["metadata"]) == (201, "Ida", {})
    assert (await desk.create()).status_code == 400
    assert desk.inbox.last()["uid"] == row["uid"]


async def test_a_human_cannot_book_what_is_taken_either(desk: Desk):
    await desk.booked()

    answer = await desk.http.post("/control/book", json={"event_type": ANNA_HAIRCUT, "start": TEN})

    assert answer.status_code == 400
    assert "already has booking" in answer.json()["error"]


async def test_a_human_cancels_a_booking_or_a_series_by_hand(desk: Desk):
    one = await desk.booked()
    series = await desk.booked(eventTypeId=PHYSIO)

    for uid in (one["uid"], series[0]["recurringBookingUid"]):
        answer = await desk.http.post("/control/cancel", json={"uid": uid})
        assert answer.status_code == 200, answer.text

    assert {row["status"] for row in await desk.held()} == {"cancelled"}
    assert (await desk.http.post("/control/cancel", json={"uid": "nothing"})).status_code == 404


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"minutes": 45}, {"lengthInMinutes": 45}),
        ({"hidden": True}, {"hidden": True}),
        ({"title": "Cut"}, {"title": "Cut"}),
        ({"lengths": [30, 60]}, {"lengthInMinutesOptions": [30, 60]}),
        ({"seats": 2}, {"seatsPerTimeSlot": 2}),
        ({"can_cancel": False}, {"disableCancelling": {"disabled": True}}),
        ({"before_minutes": 5, "after_minutes": 10}, {"beforeEventBuffer": 5, "afterEventBuffer": 10}),
        (
            {"needs_confirmation": True},
            {"confirmationPolicy": {"type": "always", "blockUnconfirmedBookingsInBooker": False}},
        ),
    ],
)
async def test_an_event_type_changes_behind_our_back(desk: Desk, changes: dict[str, Any], shown: dict[str, Any]):
    await desk.mutate(ANNA_HAIRCUT, **changes)

    answer = await desk.http.get(f"/v2/event-types/{ANNA_HAIRCUT}", headers=EVENT_TYPES | OWNER)

    assert shown.items() <= answer.json()["data"].items()


async def test_a_changed_event_type_counts_for_the_next_booking_and_leaves_the_times_of_others(desk: Desk):
    before = await desk.booked(start="2026-11-24T08:00:00Z")

    await desk.mutate(ANNA_HAIRCUT, minutes=45, needs_confirmation=True, can_cancel=False)

    after = await desk.booked()
    assert (after["duration"], after["status"]) == (45, "pending")
    assert await desk.got(f"/v2/bookings/{before['uid']}") == before
    assert (await desk.cancel(before["uid"])).status_code == 400


async def test_buffers_keep_bookings_apart(desk: Desk):
    await desk.mutate(ANNA_HAIRCUT, after_minutes=10)
    await desk.booked()

    starts = [slot["start"][11:16] for slot in (await desk.slots())["2026-11-24"]]

    assert ("08:30" in starts, "09:30" in starts, "10:00" in starts) == (False, False, True)
    assert (await desk.create(start="2026-11-24T09:35:00Z")).status_code == 400
    assert (await desk.create(start="2026-11-24T09:40:00Z")).status_code == 201


async def test_a_deleted_event_type_is_gone_until_the_reset(desk: Desk):
    await desk.mutate(ANNA_HAIRCUT, is_deleted=True)

    gone = await desk.create()
    again = await desk.http.post("/control/mutate", json={"event_type": ANNA_HAIRCUT, "hidden": True})
    await desk.http.post("/control/reset")

    assert (gone.status_code, again.status_code) == (404, 404)
    assert (await desk.create()).status_code == 201


async def test_a_reset_brings_back_what_was_seeded(desk: Desk):
    await desk.subscribe()
    await desk.mutate(ANNA_HAIRCUT, minutes=45)
    await desk.reserve()
    await desk.http.put("/control/limits", json={"account": "salon", "limits": [{"calls": 1}]})

    await desk.http.post("/control/reset")

    assert (await desk.booked())["duration"] == 30
    assert await desk.got("/v2/webhooks") == []
    assert (await desk.http.get("/control/deliveries")).json() == {"deliveries": []}


@pytest.mark.parametrize(
    ("path", "order", "sentence"),
    [
        ("book", {"event_type": ANNA_HAIRCUT}, "start is missing"),
        ("book", {"event_type": ANNA_HAIRCUT, "start": "soon"}, "start: "),
        ("book", {"event_type": ANNA_HAIRCUT, "start": TEN, "nam": "Ida"}, "did you mean 'name'?"),
        ("book", {"event_type": ANNA_HAIRCUT, "start": TEN, "minutes": 0}, "minutes: "),
        ("cancel", {"id": 5}, "did you mean 'uid'?"),
        ("mutate", {"event_type": ANNA_HAIRCUT}, "nothing to change"),
        ("mutate", {"event_type": ANNA_HAIRCUT, "minuts": 45}, "did you mean 'minutes'?"),
        ("mutate", {"event_type": "1001", "minutes": 45}, "event_type: "),
    ],
)
async def test_a_wrong_instruction_is_refused_with_the_remedy(
    desk: Desk, path: str, order: dict[str, Any], sentence: str
):
    answer = await desk.http.post(f"/control/{path}", json=order)

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"account": "saloon", "limits": []}, "did you mean 'salon'?"),
        ({"account": "salon", "limits": [{"calls": 0}]}, "limits.0.calls: "),
        ({"account": "salon", "limits": [{"call": 5}]}, "did you mean 'calls'?"),
    ],
)
async def test_wrong_limits_are_refused_with_the_remedy(desk: Desk, order: dict[str, Any], sentence: str):
    answer = await desk.http.put("/control/limits", json=order)

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]


async def test_an_unknown_event_type_is_refused_with_those_there_are(desk: Desk):
    answer = await desk.http.post("/control/mutate", json={"event_type": 4711, "hidden": True})

    assert answer.status_code == 404
    assert "1001, 1002" in answer.json()["error"]


async def test_a_human_is_bound_by_the_event_type_as_everybody_is(desk: Desk):
    nobody = await desk.http.post("/control/book", json={"event_type": NOBODY, "start": TEN})
    pending = await desk.http.post("/control/book", json={"event_type": CONSULTATION, "start": TEN})

    assert (nobody.status_code, pending.json()["bookings"][0]["status"]) == (422, "pending")
