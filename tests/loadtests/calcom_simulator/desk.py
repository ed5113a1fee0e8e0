"""A frozen clock, and a client that speaks to the simulator in its own words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from loadtests.calcom_simulator.app import Simulator
from loadtests.calcom_simulator.webhooks import Trigger

# Monday, nine in the morning in Berlin: the salon has just opened.
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
BOOKINGS = {"cal-api-version": "2026-02-25"}
FORMER_BOOKINGS = {"cal-api-version": "2024-08-13"}
SLOTS = {"cal-api-version": "2024-09-04"}
EVENT_TYPES = {"cal-api-version": "2024-06-14"}
OWNER = {"authorization": "Bearer cal_demo"}
STRANGER = {"authorization": "Bearer cal_second"}
WRONG_KEY = {"authorization": "Bearer cal_wrong"}

ANNA_HAIRCUT, ANNA_COLOUR, ANNA_BEARD = 1001, 1002, 1003
BEN_HAIRCUT = 1004
PROBE = 1007
CONSULTATION, MASSAGE, COURSE, PHYSIO, ANY_CHAIR, GIFT_CARD, MEMBERS_ONLY = range(1101, 1108)
SURVEY, FIRST_VISIT, NOBODY, VERIFIED, ANYWHERE, WEEKLY_COURSE = range(1108, 1114)
CLARA_HAIRCUT = 2001
EVA = {"name": "Eva", "timeZone": "Europe/Berlin", "email": "eva@example.com"}
MAX = {"name": "Max", "timeZone": "Europe/Berlin", "email": "max@example.com"}
TEN, ELEVEN = "2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z"


class FrozenClock:
    """Stands still until it is told to advance; who sleeps wakes then."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return MONDAY + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._elapsed + seconds, future))
        await future

    def advance(self, seconds: float) -> None:
        self._elapsed += seconds
        for due, future in self._sleepers:
            if due <= self._elapsed and not future.done():
                future.set_result(None)


@dataclass
class Inbox:
    """A webhook's other end: keeps what came, and answers with what it is told to."""

    requests: list[httpx.Request] = field(default_factory=list)
    answer: Callable[[httpx.Request], Any] = lambda _: httpx.Response(200)

    async def receive(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answer(request)
        response: httpx.Response = await answer if asyncio.iscoroutine(answer) else answer
        return response

    def heard(self) -> list[str]:
        return [body["triggerEvent"] for body in self.bodies()]

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]

    def last(self) -> dict[str, Any]:
        payload: dict[str, Any] = self.bodies()[-1]["payload"]
        return payload


@dataclass
class Desk:
    """The simulator, its clock, and the calls tests make most."""

    simulator: Simulator
    clock: FrozenClock
    http: httpx.AsyncClient
    inbox: Inbox = field(default_factory=Inbox)

    async def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] = OWNER) -> httpx.Response:
        return await self.http.request(method, path, json=body, headers=BOOKINGS | headers)

    async def post(self, path: str, body: Any = None, headers: dict[str, str] = OWNER) -> httpx.Response:
        return await self.ask("POST", path, body or {}, headers)

    async def got(self, path: str, headers: dict[str, str] = OWNER) -> Any:
        answer = await self.ask("GET", path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def reschedule(self, uid: str, start: str = ELEVEN, **more: Any) -> httpx.Response:
        return await self.post(f"/v2/bookings/{uid}/reschedule", {"start": start} | more)

    async def reserve(self, headers: dict[str, str] = OWNER, **changes: Any) -> httpx.Response:
        body = {"eventTypeId": ANNA_HAIRCUT, "slotStart": TEN} | changes
        return await self.http.post("/v2/slots/reservations", json=body, headers=SLOTS | headers)

    async def subscribe(self, path: str = "/v2/webhooks", **changes: Any) -> dict[str, Any]:
        every = [trigger for trigger in Trigger if trigger.startswith("BOOKING_")]
        body = {"subscriberUrl": "http://core/webhooks", "triggers": every, "active": True, "secret": "hush"} | changes
        answer = await self.http.post(path, json=body, headers=OWNER)
        assert answer.status_code == 201, answer.text
        subscription: dict[str, Any] = answer.json()["data"]
        return subscription

    async def mutate(self, event_type: int, **changes: Any) -> None:
        answer = await self.http.post("/control/mutate", json={"event_type": event_type} | changes)
        assert answer.status_code == 200, answer.text

    async def held(self) -> list[dict[str, Any]]:
        bookings: list[dict[str, Any]] = (await self.http.get("/control/bookings")).json()["bookings"]
        return bookings

    async def slots(self, event_type: int = ANNA_HAIRCUT, **query: Any) -> dict[str, list[dict[str, str]]]:
        asked = slot_query(event_type, **query)
        answer = await self.http.get("/v2/slots", params=asked, headers=SLOTS)
        assert answer.status_code == 200, answer.text
        days: dict[str, list[dict[str, str]]] = answer.json()["data"]
        return days

    async def create(self, **changes: Any) -> httpx.Response:
        return await self.http.post("/v2/bookings", json=booking_body(**changes), headers=BOOKINGS | OWNER)

    async def booked(self, **changes: Any) -> dict[str, Any]:
        answer = await self.create(**changes)
        assert answer.status_code == 201, answer.text
        booking: dict[str, Any] = answer.json()["data"]
        return booking

    async def cancel(self, uid: str, reason: str | None = "changed plans") -> httpx.Response:
        body = {} if reason is None else {"cancellationReason": reason}
        return await self.http.post(f"/v2/bookings/{uid}/cancel", json=body, headers=BOOKINGS | OWNER)

    async def listed(self, **query: Any) -> list[str]:
        answer = await self.http.get("/v2/bookings", params=query, headers=BOOKINGS | OWNER)
        assert answer.status_code == 200, answer.text
        return [booking["uid"] for booking in answer.json()["data"]]

    async def order_fault(self, fault: str, **keys: Any) -> dict[str, Any]:
        answer = await self.http.post("/control/faults", json={"fault": fault, "seconds": 60} | keys)
        assert answer.status_code == 201, answer.text
        described: dict[str, Any] = answer.json()
        return described

    async def profile(self) -> httpx.Response:
        return await self.http.get("/v2/me", headers=OWNER)


def slot_query(event_type: int = PROBE, **changes: Any) -> dict[str, Any]:
    """Ask for tomorrow."""
    return {"eventTypeId": event_type, "start": "2026-11-24", "end": "2026-11-24"} | changes


def booking_body(**changes: Any) -> dict[str, Any]:
    """A body that books Anna's ten o'clock tomorrow; a change to None removes the field."""
    body = {
        "start": "2026-11-24T09:00:00Z",
        "eventTypeId": ANNA_HAIRCUT,
        "attendee": {"name": "Eva", "timeZone": "Europe/Berlin", "email": "eva@example.com"},
    } | changes
    return {name: content for name, content in body.items() if content is not None}


async def settle() -> None:
    """Let every task run as far as it can without time passing."""
    for _ in range(20):
        await asyncio.sleep(0)
