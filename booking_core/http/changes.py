"""The API for programs: what becomes of a booking that stands. It is moved, or cancelled."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from booking_core.domain.access import KeyScope
from booking_core.domain.errors import BookingRefused
from booking_core.domain.models import Channel, Reply, State, Tenant
from booking_core.http.answers import calling_off, confirmation, refusal, status_of
from booking_core.http.bookings import Body, Words
from booking_core.http.callers import Door, origin_of, tenant_by_api_key
from booking_core.http.idempotency import IdempotencyKey, answered
from booking_core.services.cancellation import Cancellation
from booking_core.services.repeats import Repeats
from booking_core.services.rescheduling import Rescheduling


class MoveBody(Body):
    """Another time for an appointment."""

    start: Words = Field(description="ISO 8601; without an offset it is the salon's local time.")


class CancellationBody(Body):
    """Why the appointment is cancelled."""

    reason: Words


def router(rescheduling: Rescheduling, cancellation: Cancellation, door: Door, repeats: Repeats) -> APIRouter:
    """Bind the routes to what they need."""
    routes = APIRouter(prefix="/v1/bookings/{appointment_id}")

    async def writer(request: Request) -> Tenant:
        return await tenant_by_api_key(request, door, KeyScope.BOOKINGS_WRITE)

    @routes.post("/reschedule", responses={202: {"description": "Noted; the old time stands until it is confirmed."}})
    async def reschedule(
        request: Request,
        appointment_id: UUID,
        body: MoveBody,
        tenant: Annotated[Tenant, Depends(writer)],
        idempotency_key: IdempotencyKey = None,
    ) -> JSONResponse:
        async def answer() -> Reply:
            try:
                moved = await rescheduling.move(tenant, appointment_id, body.start, origin_of(request, Channel.API))
            except BookingRefused as error:
                return Reply(status_of(error), refusal(error, tenant.time_zone))
            is_confirmed = moved.state is State.CONFIRMED
            status = HTTPStatus.OK if is_confirmed else HTTPStatus.ACCEPTED
            return Reply(status, confirmation(moved, tenant), is_final=is_confirmed)

        # The same key for another appointment is another request.
        asked = appointment_id.bytes + await request.body()
        return await answered(repeats, tenant, idempotency_key, asked, answer)

    @routes.post("/cancel", responses={202: {"description": "Noted; will be carried out."}})
    async def cancel(
        appointment_id: UUID, body: CancellationBody, tenant: Annotated[Tenant, Depends(writer)]
    ) -> JSONResponse:
        told = calling_off(await cancellation.cancel(tenant, appointment_id, reason=body.reason))
        return JSONResponse(told, HTTPStatus.OK if told["status"] == "cancelled" else HTTPStatus.ACCEPTED)

    return routes
