"""What can go wrong with a webhook, and that the booking itself never suffers from it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac

from tests.loadtests.calcom_simulator.desk import BEN_HAIRCUT, Desk, settle


async def test_never_means_that_nobody_is_told(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_never")

    await desk.cancel((await desk.booked())["uid"])

    assert desk.inbox.requests == []


async def test_late_means_after_the_answer_by_so_many_seconds(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_late", delay_seconds=90)

    await desk.booked()
    await settle()
    desk.clock.advance(89)
    await settle()
    before = list(desk.inbox.requests)
    desk.clock.advance(1)
    await settle()

    assert (before, desk.inbox.heard()) == ([], ["BOOKING_CREATED"])
    # It tells when it happened, not when it came.
    assert desk.inbox.bodies()[0]["createdAt"] == "2026-11-23T08:00:00.000Z"


async def test_twice_means_the_same_bytes_again(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_twice")

    await desk.booked()

    first, second = desk.inbox.requests
    assert first.content == second.content


async def test_out_of_order_means_after_the_next_message_about_the_same_booking(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_out_of_order", operation="create")

    booking = await desk.booked()
    await desk.booked(eventTypeId=BEN_HAIRCUT)
    await settle()
    assert desk.inbox.requests == []
    await desk.cancel(booking["uid"])
    await settle()

    assert desk.inbox.heard() == ["BOOKING_CANCELLED", "BOOKING_CREATED"]
    assert {body["payload"]["uid"] for body in desk.inbox.bodies()} == {booking["uid"]}


async def test_a_reschedule_passes_the_creation_of_the_old_booking(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_out_of_order", operation="create")

    await desk.reschedule((await desk.booked())["uid"])
    await settle()

    assert desk.inbox.heard() == ["BOOKING_RESCHEDULED", "BOOKING_CREATED"]


async def test_out_of_order_ends_with_its_fault(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_out_of_order", seconds=60)

    await desk.booked()
    await settle()
    desk.clock.advance(60)
    await settle()

    assert desk.inbox.heard() == ["BOOKING_CREATED"]


async def test_a_wrong_signature_is_one_that_the_secret_does_not_explain(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_wrong_signature", share=1)

    await desk.booked()

    [request] = desk.inbox.requests
    signature = request.headers["x-cal-signature-256"]
    assert len(signature) == 64
    assert signature != hmac.new(b"hush", request.content, hashlib.sha256).hexdigest()


async def test_a_share_of_the_messages_is_lost_and_the_same_for_the_same_seed(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_never", share=0.5)

    for hour in range(8, 16):
        await desk.booked(start=f"2026-11-24T{hour:02}:00:00Z")

    [fault] = (await desk.http.get("/control/faults")).json()["faults"]
    assert len(desk.inbox.requests) + fault["strikes"] == 8
    assert fault["strikes"] == 3


async def test_faults_of_webhooks_reach_what_people_do_by_hand(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_never")
    await desk.order_fault("outage")

    answer = await desk.http.post("/control/book", json={"event_type": 1001, "start": "2026-11-24T09:00:00Z"})

    assert (answer.status_code, desk.inbox.requests) == (201, [])


async def test_nothing_that_is_held_back_outlives_a_reset(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_late", delay_seconds=90)
    await desk.booked()

    await desk.http.post("/control/reset")
    desk.clock.advance(90)
    await settle()

    assert desk.inbox.requests == []


async def test_a_message_held_back_when_the_process_ends_is_lost(desk: Desk):
    await desk.subscribe()
    await desk.order_fault("webhook_out_of_order")
    await desk.booked()
    await settle()

    desk.simulator.board.close()
    await asyncio.wait_for(settle(), 1)

    assert desk.inbox.requests == []
