"""A frozen clock, and a client that speaks to the simulator in its own words."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from loadtests.calcom_simulator.app import Simulator

# Monday, nine in the morning in Berlin: the salon has just opened.
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
BOOKINGS = {"cal-api-version": "2026-02-25"}
SLOTS = {"cal-api-version": "2024-09-04"}
EVENT_TYPES = {"cal-api-version": "2024-06-14"}
OWNER = {"authorization": "Bearer cal_demo"}
WRONG_KEY = {"authorization": "Bearer cal_wrong"}

ANNA_HAIRCUT, ANNA_COLOUR, ANNA_BEARD = 1001, 1002, 1003
BEN_HAIRCUT = 1004
PROBE = 1007


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
class Desk:
    """The simulator, its clock, and the calls tests make most."""

    simulator: Simulator
    clock: FrozenClock
    http: httpx.AsyncClient

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
