"""The functions a Retell voice agent calls while the customer is on the line.

Business refusals are answered with 200 and a sentence to say: any other status reads as a broken tool to the agent.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from booking_core.domain import rules
from booking_core.domain.errors import (
    BookingError,
    BookingFailed,
    CalcomOutcomeUnknown,
    InvalidRequest,
    SlotTaken,
    UnknownService,
    UnknownStaff,
)
from booking_core.domain.hearing import Heard
from booking_core.domain.models import AvailabilityRequest, BookingRequest, Channel, CustomerWish, Origin, Tenant
from booking_core.domain.ports import Clock
from booking_core.http.answers import confirmation, invalid, open_slots, other_name, refusal
from booking_core.http.callers import origin_of, tenant_by_signature
from booking_core.http.functions import FUNCTIONS, BookAppointment, CheckAvailability
from booking_core.http.retell_call import PROMPT_HEADER, Call
from booking_core.services.alternatives import SlotFinder
from booking_core.services.orchestrator import BookingOrchestrator
from booking_core.services.tenants import TenantDirectory

# As many as a person can keep in mind on the phone.
OFFERED_ON_THE_PHONE = 6


class FunctionCall(BaseModel):
    """The body of a custom function call."""

    name: str
    args: dict[str, Any]
    call: Call


def router(orchestrator: BookingOrchestrator, slots: SlotFinder, tenants: TenantDirectory, clock: Clock) -> APIRouter:
    """Bind the functions to what they need."""
    routes = APIRouter(prefix="/v1/retell")

    async def answer(tenant: Tenant, call: FunctionCall, origin: Origin) -> dict[str, Any]:
        match FUNCTIONS[call.name].model_validate(call.args):
            case CheckAvailability() as args:
                return await check_availability(tenant, args)
            case BookAppointment() as args:
                return await book_appointment(tenant, args, call.call, origin)

    async def check_availability(tenant: Tenant, args: CheckAvailability) -> dict[str, Any]:
        day = rules.day(args.date, now=clock.now(), zone=tenant.time_zone)
        wish = AvailabilityRequest(args.service, day, args.time, args.staff, OFFERED_ON_THE_PHONE)
        _, found = await slots.find(tenant, wish)
        listed = open_slots(found, tenant.time_zone)
        spoken = ", ".join(rules.spoken(slot.start, tenant.time_zone) for slot in found)
        return {
            "status": "ok",
            "slots": ", ".join(slot["local"] for slot in listed),
            "slot_list": [slot["local"] for slot in listed],
            "say": f"I can offer {spoken}." if found else "There is nothing free on that day.",
        }

    async def book_appointment(tenant: Tenant, args: BookAppointment, call: Call, origin: Origin) -> dict[str, Any]:
        appointment = await orchestrator.book(tenant, _wish(args, call), origin)
        # Whose number it is, is told only to whoever rings from it.
        named = other_name(appointment, args.name, may_tell=args.phone is None)
        return confirmation(appointment, tenant) | named

    @routes.post("/{tenant}/functions")
    async def function(request: Request, tenant: str) -> dict[str, Any]:
        salon = await tenant_by_signature(request, tenant, tenants, now=clock.now())
        call = _envelope(await request.body())
        if call.name not in FUNCTIONS:
            raise InvalidRequest("name", f"There is no function {call.name!r}; there are {', '.join(FUNCTIONS)}.")
        version = call.call.prompt_version(header=request.headers.get(PROMPT_HEADER))
        try:
            return await answer(salon, call, origin_of(request, Channel.VOICE, version))
        except ValidationError as error:
            return {**invalid(error.errors()), "say": "Could you say that once more?"}
        except BookingError as error:
            return {**refusal(error, salon.time_zone), "say": _say(error)}

    return routes


def _wish(args: BookAppointment, call: Call) -> BookingRequest:
    customer = CustomerWish(args.name, args.phone or call.from_number or "", args.email)
    # The number a caller rings from was not heard, it was transmitted: nothing about it is unsure.
    heard = {each: sure for each, sure in args.confidence.items() if args.phone or each is not Heard.PHONE}
    return BookingRequest(args.service, args.start, customer, args.staff, heard)


def _envelope(body: bytes) -> FunctionCall:
    try:
        return FunctionCall.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _say(error: BookingError) -> str:
    """Put an error into words that are true for the caller."""
    match error:
        case SlotTaken():
            return "That time has just been taken."
        case UnknownService() | UnknownStaff():
            return f"I could not find that. Did you mean {' or '.join(error.suggestions)}?"
        case CalcomOutcomeUnknown():
            return "I could not get a confirmation. The salon will check whether your booking went through."
        case BookingFailed():
            return "I cannot reach the calendar right now, so nothing has been booked. Please try again later."
    return str(error)
