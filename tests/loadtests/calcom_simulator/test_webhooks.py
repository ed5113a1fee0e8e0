"""Webhooks: signed, sent before the answer, tried once, never in the caller's way."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from pydantic import HttpUrl, SecretStr

from loadtests.calcom_simulator.app import build
from loadtests.calcom_simulator.settings import SimulatorSettings
from tests.loadtests.calcom_simulator.desk import Desk, FrozenClock

Receiver = Callable[[httpx.Request], httpx.Response]


@asynccontextmanager
async def _subscribed(receiver: Receiver, *, is_signed: bool = True) -> AsyncIterator[Desk]:
    settings = SimulatorSettings(
        webhook_url=HttpUrl("http://core/webhooks"), webhook_secret=SecretStr("hush") if is_signed else None
    )
    clock = FrozenClock()
    async with httpx.AsyncClient(transport=httpx.MockTransport(receiver)) as sender:
        simulator = build(settings, clock=clock, client=sender)
        transport = httpx.ASGITransport(simulator.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://calcom") as http:
            yield Desk(simulator, clock, http)


async def test_a_created_booking_is_told_with_a_signature_over_the_raw_body():
    heard: list[httpx.Request] = []

    def receive(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(200)

    async with _subscribed(receive) as desk:
        booking = await desk.booked(metadata={"bc_key": "k1"})

    [request] = heard
    expected = hmac.new(b"hush", request.content, hashlib.sha256).hexdigest()
    assert request.headers["x-cal-signature-256"] == expected
    assert request.headers["x-cal-webhook-version"] == "2021-10-20"
    assert request.headers["content-type"] == "application/json"
    body = json.loads(request.content)
    assert (body["triggerEvent"], body["createdAt"]) == ("BOOKING_CREATED", "2026-11-23T08:00:00.000Z")
    payload = body["payload"]
    assert (
        payload
        | {
            "uid": booking["uid"],
            "bookingId": booking["id"],
            "type": "haircut",
            "startTime": "2026-11-24T09:00:00.000Z",
            "endTime": "2026-11-24T09:30:00.000Z",
            "length": 30,
            "eventTypeId": 1001,
            "status": "ACCEPTED",
            "metadata": {"bc_key": "k1"},
        }
        == payload
    )
    assert payload["organizer"]["utcOffset"] == 60
    assert payload["responses"]["name"] == {"label": "name", "value": "Eva"}


async def test_the_webhook_comes_before_the_answer_and_the_booking_is_already_there():
    seen: list[int] = []

    async def receive(_: httpx.Request) -> httpx.Response:
        seen.append(len((await desk.http.get("/control/bookings")).json()["bookings"]))
        return httpx.Response(200)

    async with _subscribed(receive) as desk:  # type: ignore[arg-type]
        await desk.booked()

        assert seen == [1]


async def test_a_cancelled_booking_is_told_while_a_look_up_still_says_accepted():
    seen: list[tuple[str, str, str]] = []

    async def receive(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        held = (await desk.http.get("/control/bookings")).json()["bookings"][0]
        seen.append((body["triggerEvent"], body["payload"]["status"], held["status"]))
        return httpx.Response(200)

    async with _subscribed(receive) as desk:  # type: ignore[arg-type]
        booking = await desk.booked()
        await desk.cancel(booking["uid"])

    assert seen == [("BOOKING_CREATED", "ACCEPTED", "accepted"), ("BOOKING_CANCELLED", "CANCELLED", "accepted")]


async def test_without_a_secret_the_signature_is_the_literal_that_must_be_rejected():
    signatures: list[str] = []

    def receive(request: httpx.Request) -> httpx.Response:
        signatures.append(request.headers["x-cal-signature-256"])
        return httpx.Response(200)

    async with _subscribed(receive, is_signed=False) as desk:
        await desk.booked()

    assert signatures == ["no-secret-provided"]


async def test_a_failing_subscriber_is_tried_once_and_changes_nothing_for_the_caller():
    attempts: list[int] = []

    def refuse(_: httpx.Request) -> httpx.Response:
        attempts.append(1)
        if len(attempts) == 1:
            raise httpx.ConnectError("nobody there")
        return httpx.Response(500)

    async with _subscribed(refuse) as desk:
        booking = await desk.booked()
        cancelled = await desk.cancel(booking["uid"])

    assert cancelled.status_code == 200
    assert len(attempts) == 2
