"""The API for programs: bookings and availability."""

import datetime as dt
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from booking_core.domain.access import KeyScope
from booking_core.domain.errors import BookingRefused
from booking_core.domain.models import (
    AvailabilityRequest,
    BookingRequest,
    Channel,
    CustomerWish,
    Reply,
    State,
    Tenant,
    Traffic,
)
from booking_core.http.answers import confirmation, open_slots, other_name, refusal, status_of
from booking_core.http.callers import Door, origin_of, tenant_by_api_key
from booking_core.http.functions import Sureness
from booking_core.http.idempotency import IdempotencyKey, answered
from booking_core.http.limits import spend_phone
from booking_core.services.alternatives import SlotFinder
from booking_core.services.orchestrator import BookingOrchestrator
from booking_core.services.repeats import Repeats

Words = Annotated[str, Field(min_length=1, max_length=200)]


class Body(BaseModel):
    """A request of a program: a field that we do not know is a mistake to be told of."""

    model_config = ConfigDict(extra="forbid")


class CustomerBody(Body):
    """The caller."""

    name: Words
    phone: Words
    email: str | None = Field(None, max_length=254)


class BookingBody(Body):
    """A wish for an appointment."""

    service: Words = Field(description="Id, slug, name or alias.")
    start: Words = Field(description="ISO 8601; without an offset it is the salon's local time.")
    customer: CustomerBody
    staff: Words | None = None
    confidence: Sureness = Field(
        default_factory=dict,
        description="How surely each was heard, from 0 to 1; what is below the threshold is refused as `unclear`.",
    )


def router(orchestrator: BookingOrchestrator, slots: SlotFinder, door: Door, repeats: Repeats) -> APIRouter:
    """Bind the routes to what they need."""
    routes = APIRouter(prefix="/v1")

    async def reader(request: Request) -> Tenant:
        return await tenant_by_api_key(request, door, KeyScope.BOOKINGS_READ)

    async def writer(request: Request) -> Tenant:
        return await tenant_by_api_key(request, door, KeyScope.BOOKINGS_WRITE)

    @routes.post("/bookings", status_code=201, responses={202: {"description": "Kept; to be confirmed."}})
    async def book(
        request: Request,
        body: BookingBody,
        tenant: Annotated[Tenant, Depends(writer)],
        idempotency_key: IdempotencyKey = None,
    ) -> JSONResponse:
        await spend_phone(request, door.limits, tenant, body.customer.phone)
        customer = CustomerWish(body.customer.name, body.customer.phone, body.customer.email)
        wish = BookingRequest(body.service, body.start, customer, body.staff, body.confidence)

        async def answer() -> Reply:
            try:
                appointment = await orchestrator.book(tenant, wish, origin_of(request, Channel.API))
            except BookingRefused as error:
                return Reply(status_of(error), refusal(error, tenant.time_zone))
            is_confirmed = appointment.state is State.CONFIRMED
            status = HTTPStatus.CREATED if is_confirmed else HTTPStatus.ACCEPTED
            told = confirmation(appointment, tenant) | other_name(appointment, customer.name, may_tell=True)
            return Reply(status, told, is_final=is_confirmed)

        return await answered(repeats, tenant, idempotency_key, await request.body(), answer)

    @routes.get("/availability")
    async def availability(  # noqa: PLR0913, PLR0917 - FastAPI reads the query from the signature
        request: Request,
        tenant: Annotated[Tenant, Depends(reader)],
        service: Words,
        date: dt.date,
        time: dt.time | None = None,
        staff: str | None = None,
        limit: Annotated[int, Query(ge=1, le=300)] = 10,
    ) -> dict[str, Any]:
        is_fresh = request.state.traffic is Traffic.SYNTHETIC
        wish = AvailabilityRequest(service, date, time, staff, limit, is_fresh)
        offering, found = await slots.find(tenant, wish)
        return {
            "service": offering.service_slug,
            "date": date.isoformat(),
            "time_zone": tenant.time_zone.key,
            "slots": open_slots(found, tenant.time_zone),
        }

    return routes
