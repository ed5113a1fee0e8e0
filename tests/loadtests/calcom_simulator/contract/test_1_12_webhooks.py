"""Research part 1.12: webhooks, one test per statement and one per trigger."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tests.loadtests.calcom_simulator.desk import (
    ANNA_HAIRCUT,
    BEN_HAIRCUT,
    CLARA_HAIRCUT,
    CONSULTATION,
    COURSE,
    MAX,
    OWNER,
    PROBE,
    Desk,
    settle,
)


async def test_the_output_of_a_subscription_has_all_its_fields(desk: Desk):
    made = await desk.subscribe(triggers=["BOOKING_CREATED"], version="2021-10-20")

    assert made == {
        "id": made["id"],
        "userId": 1,
        "triggers": ["BOOKING_CREATED"],
        "subscriberUrl": "http://core/webhooks",
        "active": True,
        "payloadTemplate": None,
        "secret": "hush",
    }


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"subscriberUrl": "core"}, "subscriberUrl"),
        ({"triggers": ["BOOKING_CONFIRMED"]}, "triggers"),
        ({"triggers": "BOOKING_CREATED"}, "triggers"),
        ({"active": "yes"}, "active"),
        ({"secret": 5}, "secret"),
        ({"version": "2020-01-01"}, "version"),
    ],
)
async def test_a_wrong_subscription_is_refused_by_field(desk: Desk, change: dict[str, Any], fragment: str):
    body = {"subscriberUrl": "http://core", "triggers": [], "active": True} | change

    answer = await desk.http.post("/v2/webhooks", json=body, headers=OWNER)
    nothing = await desk.http.post("/v2/webhooks", json={}, headers=OWNER)

    assert (answer.status_code, nothing.status_code) == (400, 400)
    assert fragment in answer.json()["error"]["details"]["message"][0]
    assert len(nothing.json()["error"]["details"]["message"]) == 3


async def test_every_documented_trigger_can_be_subscribed_to(desk: Desk):
    triggers = [
        "MEETING_STARTED",
        "MEETING_ENDED",
        "RECORDING_READY",
        "FORM_SUBMITTED",
        "OOO_CREATED",
        "AFTER_HOSTS_CAL_VIDEO_NO_SHOW",
        "WRONG_ASSIGNMENT_REPORT",
    ]

    assert (await desk.subscribe(triggers=triggers))["triggers"] == sorted(triggers)


async def test_the_request_is_signed_over_the_raw_body_and_has_its_version(desk: Desk):
    await desk.subscribe()
    await desk.booked()

    [request] = desk.inbox.requests
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-cal-webhook-version"] == "2021-10-20"
    assert request.headers["x-cal-signature-256"] == hmac.new(b"hush", request.content, hashlib.sha256).hexdigest()


async def test_without_a_secret_the_signature_is_a_literal_to_reject(desk: Desk):
    await desk.subscribe(secret=None)
    await desk.booked()

    assert desk.inbox.requests[0].headers["x-cal-signature-256"] == "no-secret-provided"


@pytest.mark.parametrize(
    ("template", "content_type", "content"),
    [
        (
            '{"what": "{{triggerEvent}}", "uid": "{{uid}}"}',
            "application/json",
            '{"what": "BOOKING_CREATED", "uid": "%s"}',
        ),
        (
            "{{attendees.0.name}} booked {{uid}}{{attendees.5.name}}",
            "application/x-www-form-urlencoded",
            "Eva booked %s",
        ),
    ],
)
async def test_a_template_of_the_subscribers_own_is_json_or_else_a_form(
    desk: Desk, template: str, content_type: str, content: str
):
    await desk.subscribe(payloadTemplate=template)
    booking = await desk.booked()

    [request] = desk.inbox.requests
    sent = request.content.decode()
    sent = parse_qs(sent)["payload"][0] if content_type.endswith("urlencoded") else sent
    assert (request.headers["content-type"], sent) == (content_type, content % booking["uid"])


async def test_redirects_are_not_followed(desk: Desk):
    await desk.subscribe()
    desk.inbox.answer = lambda _: httpx.Response(307, headers={"location": "http://elsewhere/"})

    await desk.booked()

    assert [str(request.url) for request in desk.inbox.requests] == ["http://core/webhooks"]


async def test_the_payload_has_its_own_names(desk: Desk):
    await desk.subscribe()
    booking = await desk.booked(metadata={"bc_key": "k1"})

    payload = desk.inbox.last()
    assert payload["organizer"].keys() == {"id", "username", "name", "email", "timeZone", "utcOffset", "language"}
    assert payload["attendees"][0].keys() == {"name", "email", "timeZone", "utcOffset", "language"}
    assert payload["responses"]["email"] == {"label": "email", "value": "eva@example.com"}
    expected = {
        "type": "haircut",
        "eventTitle": "Haircut",
        "startTime": booking["start"],
        "endTime": booking["end"],
        "length": 30,
        "uid": booking["uid"],
        "bookingId": booking["id"],
        "eventTypeId": ANNA_HAIRCUT,
        "iCalUID": f"{booking['uid']}@cal.com",
        "iCalSequence": 0,
        "status": "ACCEPTED",
        "metadata": {"bc_key": "k1"},
        "requiresConfirmation": False,
        "price": 0,
        "currency": "eur",
        "destinationCalendar": None,
        "userFieldsResponses": {},
        "location": booking["location"],
    }
    assert expected.items() <= payload.items()


async def test_trigger_booking_requested_then_created_when_it_is_confirmed(desk: Desk):
    await desk.subscribe()
    uid = (await desk.booked(eventTypeId=CONSULTATION))["uid"]
    await desk.post(f"/v2/bookings/{uid}/confirm")

    assert desk.inbox.heard() == ["BOOKING_REQUESTED", "BOOKING_CREATED"]
    assert [body["payload"]["status"] for body in desk.inbox.bodies()] == ["PENDING", "ACCEPTED"]


async def test_trigger_booking_rejected(desk: Desk):
    uid = (await desk.booked(eventTypeId=CONSULTATION))["uid"]
    await desk.subscribe()
    await desk.post(f"/v2/bookings/{uid}/decline", {"reason": "holiday"})

    assert desk.inbox.heard() == ["BOOKING_REJECTED"]
    assert (desk.inbox.last()["status"], desk.inbox.last()["rejectionReason"]) == ("REJECTED", "holiday")


async def test_trigger_booking_rescheduled_has_the_new_uid_and_the_old_one_as_reschedule_uid(desk: Desk):
    old = await desk.booked()
    await desk.subscribe()
    new = (await desk.reschedule(old["uid"], rescheduledBy="eva@example.com")).json()["data"]

    assert desk.inbox.heard() == ["BOOKING_RESCHEDULED"]
    expected = {
        "uid": new["uid"],
        "rescheduleUid": old["uid"],
        "rescheduleId": old["id"],
        "rescheduleStartTime": old["start"],
        "rescheduleEndTime": old["end"],
        "rescheduledBy": "eva@example.com",
    }
    assert expected.items() <= desk.inbox.last().items()


async def test_trigger_booking_cancelled_adds_who_and_why(desk: Desk):
    uid = (await desk.booked())["uid"]
    await desk.subscribe()
    await desk.cancel(uid)

    expected = {
        "status": "CANCELLED",
        "cancelledBy": "salon@example.com",
        "cancellationReason": "changed plans",
        "requestReschedule": False,
        "iCalSequence": 1,
    }
    assert desk.inbox.heard() == ["BOOKING_CANCELLED"]
    assert expected.items() <= desk.inbox.last().items()


async def test_trigger_booking_cancelled_for_a_seat_tells_which(desk: Desk):
    eva = await desk.booked(eventTypeId=COURSE)
    await desk.booked(eventTypeId=COURSE, attendee=MAX)
    await desk.subscribe()
    await desk.post(f"/v2/bookings/{eva['uid']}/cancel", {"seatUid": eva["seatUid"]})

    payload = desk.inbox.last()
    assert (payload["seatReferenceUid"], payload["status"]) == (eva["seatUid"], "CANCELLED")
    assert [who["name"] for who in payload["attendees"]] == ["Eva"]


async def test_trigger_booking_no_show_updated(desk: Desk):
    booking = await desk.booked(eventTypeId=PROBE, start="2026-11-23T08:05:00Z")
    await desk.subscribe()
    desk.clock.advance(600)
    body = {"attendees": [{"email": "eva@example.com", "absent": True}]}
    await desk.post(f"/v2/bookings/{booking['uid']}/mark-absent", body)

    assert desk.inbox.last() == {
        "bookingUid": booking["uid"],
        "bookingId": booking["id"],
        "attendees": [{"email": "eva@example.com", "noShow": True}],
        "message": "1 of 1 attendees marked as no-show",
    }


async def test_metadata_of_a_seat_is_that_of_its_own_request(desk: Desk):
    await desk.subscribe()
    await desk.booked(eventTypeId=COURSE, metadata={"bc_key": "k1"})
    await desk.booked(eventTypeId=COURSE, attendee=MAX, metadata={"bc_key": "k2"})

    assert [body["payload"]["metadata"] for body in desk.inbox.bodies()] == [{"bc_key": "k1"}, {"bc_key": "k2"}]


async def test_delivery_is_awaited_before_the_answer(desk: Desk):
    await desk.subscribe()
    let_go = asyncio.Event()

    async def hesitate(_: httpx.Request) -> httpx.Response:
        await let_go.wait()
        return httpx.Response(200)

    desk.inbox.answer = hesitate
    asking = asyncio.create_task(desk.create())
    await settle()
    waits = not asking.done() and len(await desk.held()) == 1
    let_go.set()

    assert (waits, (await asking).status_code) == (True, 201)


async def test_one_attempt_and_no_retry(desk: Desk):
    await desk.subscribe()
    desk.inbox.answer = lambda _: httpx.Response(500)

    assert (await desk.create()).status_code == 201
    desk.clock.advance(3600)
    await settle()
    assert len(desk.inbox.requests) == 1
    [delivery] = (await desk.http.get("/control/deliveries")).json()["deliveries"]
    assert (delivery["trigger"], delivery["status"]) == ("BOOKING_CREATED", 500)


async def test_user_level_and_event_type_level_subscriptions_both_send(desk: Desk):
    await desk.subscribe()
    await desk.subscribe(f"/v2/event-types/{ANNA_HAIRCUT}/webhooks")

    await desk.booked()
    await desk.booked(eventTypeId=BEN_HAIRCUT)

    assert [body["payload"]["eventTypeId"] for body in desk.inbox.bodies()] == [ANNA_HAIRCUT, ANNA_HAIRCUT, BEN_HAIRCUT]


async def test_only_active_subscriptions_of_the_trigger_and_the_account_are_told(desk: Desk):
    await desk.subscribe(active=False)
    await desk.subscribe(triggers=["BOOKING_CANCELLED"])
    await desk.booked()
    await desk.subscribe()
    await desk.booked(eventTypeId=CLARA_HAIRCUT)

    assert desk.inbox.requests == []
