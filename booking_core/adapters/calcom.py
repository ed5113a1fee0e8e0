"""The Cal.com v2 client. Its errors say one thing above all: was the request executed, not executed, or unknown?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from booking_core.adapters import calcom_answers as answers
from booking_core.domain.errors import (
    BookingError,
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomRejected,
    CalcomUnavailable,
)
from booking_core.domain.models import Appointment, Offering, Tenant
from booking_core.domain.ports import CalcomBooking, Listing, Page

# One version per resource: a missing or old header silently selects an older shape of the answer.
BOOKINGS_VERSION = "2026-02-25"
SLOTS_VERSION = "2024-09-04"
EVENT_TYPES_VERSION = "2024-06-14"
METADATA_VERSION = "1"

_EVERY_STATUS = "upcoming,unconfirmed,recurring,past,cancelled"
_LONGEST_BOOKING = timedelta(days=1)
_AROUND = timedelta(minutes=1)
# No wait is so long and no time of day so early.
_EPOCHS = 1_000_000_000

Called = Callable[[str, str, float], None]

# The request never left us, or Cal.com never took it.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class CalcomClient:
    """One client per process; the tenant's key travels with each request."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        read_seconds: float = 3.0,
        write_seconds: float = 8.0,
        called: Called = lambda operation, kind, seconds: None,
    ) -> None:
        self._client = client
        self._read_seconds = read_seconds
        self._write_seconds = write_seconds
        self._called = called

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]:
        query = {
            "eventTypeId": str(offering.calcom_event_type_id),
            "start": _text(start),
            "end": _text(end),
            "timeZone": "UTC",
        }
        days = await self._read("slots", tenant, "/slots", SLOTS_VERSION, query)
        return [datetime.fromisoformat(slot["start"]).astimezone(UTC) for day in days.values() for slot in day]

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        answer = await self._write("create", tenant, "/bookings", _create_body(tenant, appointment))
        return _made(answer)

    async def reschedule(self, tenant: Tenant, uid: str, start: datetime, *, reason: str) -> CalcomBooking:
        body = {"start": _text(start), "reschedulingReason": reason}
        return _made(await self._write("reschedule", tenant, f"/bookings/{uid}/reschedule", body))

    async def get(self, tenant: Tenant, uid: str) -> CalcomBooking | None:
        request = self._get(tenant, f"/bookings/{uid}", BOOKINGS_VERSION, {})
        answer = await self._send("get", request, self._read_seconds, lost=CalcomUnavailable)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        try:
            return answers.booking(_content(answer))
        except ValueError as error:
            raise CalcomUnavailable from error

    async def find(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking | None:
        # Cal.com cannot filter by metadata: ask for the narrow stretch of time and compare here.
        query = {
            "eventTypeId": str(appointment.offering.calcom_event_type_id),
            "afterStart": _text(appointment.start - _AROUND),
            "beforeEnd": _text(appointment.end + _AROUND),
            "status": "upcoming,unconfirmed,past",
        }
        listed = await self._read("list", tenant, "/bookings", BOOKINGS_VERSION, query)
        ours = (each for each in listed if str(appointment.lineage) in answers.correlation(each))
        return next(map(answers.booking, ours), None)

    async def listed(self, tenant: Tenant, listing: Listing, *, skip: int, take: int) -> Page:
        # In the order of their making, so that what is made meanwhile comes at the end and shifts nothing.
        query = {"status": _EVERY_STATUS, "sortCreated": "asc", "skip": str(skip), "take": str(take)}
        if listing.window is not None:
            # A booking that starts in the window may end after it.
            ends = _text(listing.window.end + _LONGEST_BOOKING)
            query |= {"afterStart": _text(listing.window.start), "beforeEnd": ends}
        if listing.changed_since is not None:
            query["afterUpdatedAt"] = _text(listing.changed_since)
        request = self._get(tenant, "/bookings", BOOKINGS_VERSION, query)
        answer = await self._send("list", request, self._read_seconds, lost=CalcomUnavailable)
        described = _content(answer)
        try:
            return Page(list(map(answers.listed, described)), answers.has_more(answer))
        except ValueError as error:
            raise CalcomUnavailable from error

    async def cancel(self, tenant: Tenant, uid: str, *, reason: str) -> None:
        answer = await self._write("cancel", tenant, f"/bookings/{uid}/cancel", {"cancellationReason": reason})
        if answer.status_code >= 400 and "already been cancelled" not in answer.text:
            raise CalcomRejected(answers.message(answer))

    async def event_types(self, tenant: Tenant) -> Sequence[Mapping[str, Any]]:
        """Return the tenant's event types as Cal.com describes them."""
        listed: Sequence[Mapping[str, Any]] = await self._read(
            "event_types", tenant, "/event-types", EVENT_TYPES_VERSION, {}
        )
        return listed

    async def _read(self, operation: str, tenant: Tenant, path: str, version: str, query: Mapping[str, str]) -> Any:
        request = self._get(tenant, path, version, query)
        return _content(await self._send(operation, request, self._read_seconds, lost=CalcomUnavailable))

    def _get(self, tenant: Tenant, path: str, version: str, query: Mapping[str, str]) -> httpx.Request:
        return self._client.build_request("GET", path, params=query, headers=_headers(tenant, version))

    async def _write(self, operation: str, tenant: Tenant, path: str, body: Mapping[str, Any]) -> httpx.Response:
        request = self._client.build_request("POST", path, json=body, headers=_headers(tenant, BOOKINGS_VERSION))
        return await self._send(operation, request, self._write_seconds, lost=CalcomOutcomeUnknown)

    async def _send(
        self, operation: str, request: httpx.Request, seconds: float, *, lost: type[BookingError]
    ) -> httpx.Response:
        """Return an answer below 500 that is not 429; everything else raises. `lost` is what silence means here."""
        begun = time.monotonic()
        kind = "failed"
        try:
            # httpx limits each phase; a caller on the phone waits for the sum.
            async with asyncio.timeout(seconds):
                answer = await self._client.send(request)
            kind = _kind(answer.status_code)
        except _NOT_SENT as error:
            raise CalcomUnavailable from error
        except (httpx.RequestError, TimeoutError) as error:
            raise lost from error
        finally:
            self._called(operation, kind, time.monotonic() - begun)
        if answer.status_code >= 500:
            raise lost
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise CalcomRateLimited(retry_after_seconds=_reset(answer))
        return answer


def _made(answer: httpx.Response) -> CalcomBooking:
    """Return what a create or a reschedule has made; raises what its refusal means."""
    if answer.status_code >= 400:
        raise answers.refusal(answer)
    try:
        made = answers.booking(answers.data(answer))
    except ValueError as error:
        # A success we cannot read is still a success over there.
        raise CalcomOutcomeUnknown from error
    if not made.is_live:
        raise CalcomRejected(f"Cal.com took the booking and called it {made.status} at once.")
    return made


def _content(answer: httpx.Response) -> Any:
    """Return what a read has found."""
    if answer.status_code >= 400:
        raise CalcomRejected(answers.message(answer))
    try:
        return answers.data(answer)
    except ValueError as error:
        # Cut off on the way, or a proxy's page: no better than no answer.
        raise CalcomUnavailable from error


def _reset(answer: httpx.Response) -> float | None:
    """Return how long a rate limit lasts. Cal.com tells seconds to go; a time of day is what some mirrors claim."""
    given = answer.headers.get("retry-after") or answer.headers.get("x-ratelimit-reset-default", "")
    if not given.isdigit():
        return None
    return max(float(given) - time.time(), 0.0) if int(given) > _EPOCHS else float(given)


def _kind(status: int) -> str:
    if status < 400:
        return "successful"
    return "failed" if status >= 500 else "ignored"


def _headers(tenant: Tenant, version: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {tenant.calcom_api_key}", "cal-api-version": version}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _create_body(tenant: Tenant, appointment: Appointment) -> dict[str, Any]:
    attendee = {
        "name": appointment.customer.name,
        "phoneNumber": appointment.customer.phone,
        "timeZone": tenant.time_zone.key,
    }
    if appointment.customer.email:
        attendee["email"] = appointment.customer.email
    return {
        "start": _text(appointment.start),
        "eventTypeId": appointment.offering.calcom_event_type_id,
        "attendee": attendee,
        # Opaque ids only. Metadata is write-once at Cal.com and comes back in GETs and webhooks: our correlation key.
        "metadata": {
            "bc_booking": str(appointment.lineage),
            "bc_tenant": str(tenant.id),
            "bc_traffic": appointment.origin.traffic.value,
            "bc_v": METADATA_VERSION,
        },
    }
