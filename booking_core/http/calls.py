"""The functions a Retell voice agent calls while the customer is on the line.

Business refusals are answered with 200 and a sentence to say: any other status reads as a broken tool to the agent.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from booking_core.domain import rules
from booking_core.domain.errors import (
    BookingError,
    BookingFailed,
    CalcomOutcomeUnknown,
    CommitUnknown,
    InvalidRequest,
    RequestInFlight,
    SlotTaken,
    UnknownService,
    UnknownStaff,
)
from booking_core.domain.hearing import Heard
from booking_core.domain.models import (
    AvailabilityRequest,
    BookingRequest,
    Channel,
    CustomerWish,
    OpenSlot,
    Origin,
    Reply,
    Tenant,
    Traffic,
)
from booking_core.domain.ports import Clock
from booking_core.http.answers import calling_off, confirmation, invalid, open_slots, other_name, refusal
from booking_core.http.callers import origin_of, tenant_by_signature
from booking_core.http.functions import (
    FUNCTIONS,
    BookAppointment,
    CancelAppointment,
    CheckAvailability,
    RescheduleAppointment,
)
from booking_core.http.limits import SAY, TooManyRequests, described, spend_call
from booking_core.http.retell_call import PROMPT_HEADER, Call
from booking_core.resilience.limits import Limits
from booking_core.services.alternatives import SlotFinder
from booking_core.services.cancellation import Cancellation
from booking_core.services.orchestrator import BookingOrchestrator
from booking_core.services.repeats import Repeats
from booking_core.services.rescheduling import Rescheduling
from booking_core.services.tenants import TenantDirectory

# As many as a person can keep in mind on the phone.
OFFERED_ON_THE_PHONE = 6
# What is true after a function has failed.
UNCHANGED = {
    "cancel_appointment": "your appointment stands",
    "reschedule_appointment": "your appointment stands as it was",
}
# The answers that stay true; what waits for Cal.com, or failed, may have become something else when asked again.
FINAL = frozenset(("ok", "confirmed", "cancelled", "refused"))


class FunctionCall(BaseModel):
    """The body of a custom function call."""

    name: str
    args: dict[str, Any]
    call: Call

    def transport_key(self) -> str | None:
        """Return what only a repetition of this very request has in common with it; None if there is no telling.

        What merely reads is not worth remembering.
        """
        invocation = self.call.tool_call_id(self.name)
        if invocation is None or FUNCTIONS[self.name] is CheckAvailability:
            return None
        said = json.dumps([self.call.call_id, invocation, self.name, self.args], sort_keys=True)
        return f"retell:{hashlib.sha256(said.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Desk:
    """Does what the agent asks for while the customer waits, and answers with a sentence to say."""

    orchestrator: BookingOrchestrator
    rescheduling: Rescheduling
    cancellation: Cancellation
    slots: SlotFinder
    clock: Clock

    async def answer(self, tenant: Tenant, call: FunctionCall, origin: Origin) -> dict[str, Any]:
        match FUNCTIONS[call.name].model_validate(call.args):
            case CheckAvailability() as args:
                return await self._check_availability(tenant, args, origin)
            case BookAppointment() as args:
                return await self._book(tenant, args, call.call, origin)
            case CancelAppointment() as args:
                ended = await self.cancellation.cancel(tenant, args.appointment_id, reason=args.reason)
                return calling_off(ended)
            case RescheduleAppointment() as args:
                moved = await self.rescheduling.move(tenant, args.appointment_id, args.start, origin)
                return confirmation(moved, tenant)

    async def _check_availability(self, tenant: Tenant, args: CheckAvailability, origin: Origin) -> dict[str, Any]:
        day = rules.day(args.date, now=self.clock.now(), zone=tenant.time_zone)
        is_fresh = origin.traffic is Traffic.SYNTHETIC
        wish = AvailabilityRequest(args.service, day, args.time, args.staff, OFFERED_ON_THE_PHONE, is_fresh)
        _, found = await self.slots.find(tenant, wish)
        listed = open_slots(found, tenant.time_zone)
        return {
            "status": "ok",
            "slots": ", ".join(slot["local"] for slot in listed),
            "slot_list": [slot["local"] for slot in listed],
            "say": _offer(found, tenant) if found else "There is nothing free on that day.",
        }

    async def _book(self, tenant: Tenant, args: BookAppointment, call: Call, origin: Origin) -> dict[str, Any]:
        appointment = await self.orchestrator.book(tenant, _wish(args, call), origin)
        # Whose number it is, is told only to whoever rings from it.
        named = other_name(appointment, args.name, may_tell=args.phone is None)
        return confirmation(appointment, tenant) | named

    async def reply(self, tenant: Tenant, call: FunctionCall, origin: Origin) -> Reply:
        """Answer with what was done, or with why it was not: an agent is always told what to say."""
        try:
            told = await self.answer(tenant, call, origin)
        except ValidationError as error:
            told = {**invalid(error.errors()), "say": "Could you say that once more?"}
        except BookingError as error:
            told = _apology(error, tenant, call.name)
        return Reply(HTTPStatus.OK, told, is_final=told["status"] in FINAL)


def router(desk: Desk, tenants: TenantDirectory, repeats: Repeats, limits: Limits) -> APIRouter:
    """Bind the one address of all functions to who does them."""
    routes = APIRouter(prefix="/v1/retell")

    @routes.post("/{tenant}/functions")
    async def function(request: Request, tenant: str) -> Mapping[str, Any]:
        salon = await tenant_by_signature(request, tenant, tenants, now=desk.clock.now())
        call = _envelope(await request.body())
        if call.name not in FUNCTIONS:
            raise InvalidRequest("name", f"There is no function {call.name!r}; there are {', '.join(FUNCTIONS)}.")
        try:
            await spend_call(request, limits, salon, call.call)
        except TooManyRequests as error:
            return {**described(error), "say": SAY}
        version = call.call.prompt_version(header=request.headers.get(PROMPT_HEADER))
        reply = partial(desk.reply, salon, call, origin_of(request, Channel.VOICE, version))
        key = call.transport_key()
        if key is None:
            return (await reply()).body
        try:
            return (await repeats.once_patiently(salon, key, key.encode(), reply)).body
        except RequestInFlight as error:
            return _apology(error, salon, call.name)

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


def _apology(error: BookingError, tenant: Tenant, function: str) -> dict[str, Any]:
    told = {**refusal(error, tenant.time_zone), "say": _say(error, function)}
    if isinstance(error, SlotTaken) and error.alternatives:
        # As check_availability offers times: flat, so that the language model has nothing to unpack.
        told["alternatives"] = [rules.local_text(slot.start, tenant.time_zone) for slot in error.alternatives]
        told["say"] += f" {_offer(error.alternatives, tenant)}"
    return told


def _offer(slots: Sequence[OpenSlot], tenant: Tenant) -> str:
    return f"I can offer {', '.join(rules.spoken(slot.start, tenant.time_zone) for slot in slots)}."


def _say(error: BookingError, function: str) -> str:
    """Put an error into words that are true for the caller."""
    match error:
        case SlotTaken():
            return "That time has just been taken."
        case UnknownService() | UnknownStaff():
            meant = f" Did you mean {' or '.join(error.suggestions)}?" if error.suggestions else ""
            return f"I could not find that.{meant}"
        case CalcomOutcomeUnknown() | CommitUnknown():
            return "I could not get a confirmation. The salon will check whether your booking went through."
        case RequestInFlight():
            return "I am still waiting for the calendar. Please give me another moment."
        case BookingFailed():
            # Of this try only: without the database nobody can know what became of the same wish, said a moment ago.
            unchanged = UNCHANGED.get(function, "I could not book it just now")
            return f"I cannot reach the calendar right now, so {unchanged}. Please try again later."
    return str(error)
