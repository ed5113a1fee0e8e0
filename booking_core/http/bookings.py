"""The API for programs: bookings, cancellations, availability."""

import datetime as dt
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from booking_core.domain.models import AvailabilityRequest, BookingRequest, Channel, CustomerWish, State, Tenant
from booking_core.http.answers import confirmation, open_slots
from booking_core.http.callers import origin_of, tenant_by_api_key
from booking_core.services.alternatives import SlotFinder
from booking_core.services.orchestrator import BookingOrchestrator
from booking_core.services.tenants import TenantDirectory

Words = Annotated[str, Field(min_length=1, max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CustomerBody(_Body):
    """The caller."""

    name: Words
    phone: Words
    email: str | None = Field(None, max_length=254)


class BookingBody(_Body):
    """A wish for an appointment."""

    service: Words = Field(description="Id, slug, name or alias.")
    start: Words = Field(description="ISO 8601; without an offset it is the salon's local time.")
    customer: CustomerBody
    staff: Words | None = None


class CancellationBody(_Body):
    """Why the appointment is cancelled."""

    reason: Words


def router(orchestrator: BookingOrchestrator, slots: SlotFinder, tenants: TenantDirectory) -> APIRouter:
    """Bind the routes to what they need."""
    routes = APIRouter(prefix="/v1")

    async def caller(request: Request) -> Tenant:
        return await tenant_by_api_key(request, tenants)

    @routes.post("/bookings", status_code=201)
    async def book(
        request: Request, response: Response, body: BookingBody, tenant: Annotated[Tenant, Depends(caller)]
    ) -> dict[str, Any]:
        customer = CustomerWish(body.customer.name, body.customer.phone, body.customer.email)
        wish = BookingRequest(body.service, body.start, customer, body.staff)
        appointment = await orchestrator.book(tenant, wish, origin_of(request, Channel.API))
        if appointment.state is not State.CONFIRMED:
            response.status_code = HTTPStatus.ACCEPTED
        return confirmation(appointment, tenant)

    @routes.post("/bookings/{appointment_id}/cancel")
    async def cancel(
        appointment_id: UUID, body: CancellationBody, tenant: Annotated[Tenant, Depends(caller)]
    ) -> dict[str, Any]:
        await orchestrator.cancel(tenant, appointment_id, reason=body.reason)
        return {"status": "cancelled", "appointment_id": str(appointment_id)}

    @routes.get("/availability")
    async def availability(  # noqa: PLR0913, PLR0917 - FastAPI reads the query from the signature
        tenant: Annotated[Tenant, Depends(caller)],
        service: Words,
        date: dt.date,
        time: dt.time | None = None,
        staff: str | None = None,
        limit: Annotated[int, Query(ge=1, le=300)] = 10,
    ) -> dict[str, Any]:
        wish = AvailabilityRequest(service, date, time, staff, limit)
        offering, found = await slots.find(tenant, wish)
        return {
            "service": offering.service_slug,
            "date": date.isoformat(),
            "time_zone": tenant.time_zone.key,
            "slots": open_slots(found, tenant.time_zone),
        }

    return routes
