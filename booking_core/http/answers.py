"""The translation table from domain errors to HTTP, and the shapes every router answers in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from booking_core.domain import errors, rules
from booking_core.domain.access import ScopeMissing
from booking_core.domain.hearing import QUESTIONS
from booking_core.domain.models import Appointment, OpenSlot, State, Tenant
from booking_core.http.limits import TooManyRequests, described, retry_after
from booking_core.http.middleware import BodyTooLarge, too_large

STATUS: Mapping[type[errors.BookingError], HTTPStatus] = {
    errors.InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CustomerValidationError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.HeardUnclearly: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownService: HTTPStatus.NOT_FOUND,
    errors.UnknownStaff: HTTPStatus.NOT_FOUND,
    errors.UnknownAppointment: HTTPStatus.NOT_FOUND,
    errors.CalledOff: HTTPStatus.CONFLICT,
    errors.BookingDeclined: HTTPStatus.CONFLICT,
    errors.CancellationRefused: HTTPStatus.CONFLICT,
    errors.MoveRefused: HTTPStatus.CONFLICT,
    errors.AppointmentBusy: HTTPStatus.CONFLICT,
    errors.TimeNotBookable: HTTPStatus.CONFLICT,
    errors.SlotTaken: HTTPStatus.CONFLICT,
    errors.TooManyBookings: HTTPStatus.CONFLICT,
    errors.RequestInFlight: HTTPStatus.CONFLICT,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.AppointmentCreationError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.AppointmentDatabaseError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.SlotLost: HTTPStatus.CONFLICT,
    errors.BookingExpired: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.CalcomUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.CalcomRateLimited: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.CalcomRejected: HTTPStatus.BAD_GATEWAY,
    errors.CalcomOutcomeUnknown: HTTPStatus.GATEWAY_TIMEOUT,
}


# What is said of an appointment that is being made, by how it stands; whatever is not listed is kept.
_KEPT = ("queued", "I have kept your {what} for {when}, and we will confirm it shortly.")
_TOLD: Mapping[State, tuple[str, str]] = {
    State.CONFIRMED: ("confirmed", "Your {what} is booked for {when}."),
    State.PENDING: ("pending", "I have asked for your {what} on {when}. The salon has to accept it and will tell you."),
}


def status_of(error: errors.BookingError) -> HTTPStatus:
    """Return the status of the nearest class of an error's ancestry that has one."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


class Unauthorised(Exception):
    """The request carries no credential that we know."""


def refusal(error: errors.BookingError, zone: ZoneInfo) -> dict[str, Any]:
    """Describe an error as JSON: the machine's reason, the person's message, and what could be done instead."""
    status = "refused" if isinstance(error, errors.BookingRefused) else "failed"
    answer: dict[str, Any] = {"status": status, "reason": error.reason, "message": str(error)}
    match error:
        case errors.InvalidRequest() | errors.CustomerValidationError():
            answer["errors"] = [{"field": error.field, "message": str(error)}]
        case errors.HeardUnclearly():
            answer["field"] = error.fields[0]
            answer["errors"] = [{"field": field, "message": QUESTIONS[field]} for field in error.fields]
        case errors.UnknownService() | errors.UnknownStaff():
            answer["suggestions"] = list(error.suggestions)
        case errors.SlotTaken():
            answer["alternatives"] = open_slots(error.alternatives, zone)
    return answer


def open_slots(slots: Sequence[OpenSlot], zone: ZoneInfo) -> list[dict[str, str]]:
    """Write slots as instant, salon's local time, and who is free."""
    return [
        {"start": utc_text(slot.start), "local": rules.local_text(slot.start, zone), "staff": slot.staff_slug}
        for slot in slots
    ]


# And of one whose former time stands until it is confirmed.
_NOTED = ("queued", "I have noted your move to {when}. Your old time stands until we confirm the new one.")
_MOVED: Mapping[State, tuple[str, str]] = {
    State.CONFIRMED: ("confirmed", "Your {what} is moved to {when}."),
    State.PENDING: (
        "pending",
        "I have asked for {when} instead. The salon has to accept it and will tell you.",
    ),
}


def confirmation(appointment: Appointment, tenant: Tenant) -> dict[str, Any]:
    """Describe an appointment, confirmed or still to be, with a sentence a voice agent can read aloud."""
    offering = appointment.offering
    what = f"{offering.service_name} with {offering.staff_name}"
    when = rules.spoken(appointment.start, tenant.time_zone)
    told, otherwise = (_TOLD, _KEPT) if appointment.former is None else (_MOVED, _NOTED)
    status, say = told.get(appointment.state, otherwise)
    return {
        "status": status,
        "appointment_id": str(appointment.id),
        "calcom_uid": appointment.calcom_uid,
        "service": offering.service_slug,
        "staff": offering.staff_slug,
        "start": utc_text(appointment.start),
        "end": utc_text(appointment.end),
        "local_start": rules.local_text(appointment.start, tenant.time_zone),
        "say": say.format(what=what, when=when),
    }


def calling_off(appointment: Appointment) -> dict[str, Any]:
    """Describe what became of a cancellation: carried out, or noted and to be carried out."""
    is_noted = appointment.state is State.CANCELLING
    return {
        "status": "noted" if is_noted else "cancelled",
        "appointment_id": str(appointment.id),
        "say": "I have noted your cancellation, and it will be carried out shortly."
        if is_noted
        else "Your appointment is cancelled.",
    }


def other_name(appointment: Appointment, said: str, *, may_tell: bool) -> dict[str, Any]:
    """Say that the customer is known by another name than was said: it stands, and the agent may ask about it."""
    known = appointment.customer.name
    # The first name is all that the agent is told of a known caller, so it says no more.
    if rules.folded(said) in (rules.folded(known), rules.folded(rules.first_name(known))):
        return {}
    return {"name_differs": True} | ({"known_as": known} if may_tell else {})


def utc_text(moment: datetime) -> str:
    """Write an instant as ISO 8601 with Z, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def install(app: FastAPI, *, body_limit_bytes: int) -> None:
    """Answer every domain error, bad body and missing credential in the same shape."""

    @app.exception_handler(errors.BookingError)
    async def booking_error(request: Request, error: errors.BookingError) -> JSONResponse:
        zone = getattr(request.state, "zone", ZoneInfo("UTC"))
        return JSONResponse(refusal(error, zone), status_of(error))

    @app.exception_handler(RequestValidationError)
    async def bad_request(_request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse(invalid(error.errors()), HTTPStatus.UNPROCESSABLE_ENTITY)

    @app.exception_handler(Unauthorised)
    async def unauthorised(_request: Request, error: Unauthorised) -> JSONResponse:
        body = {"status": "refused", "reason": "unauthorised", "message": str(error)}
        return JSONResponse(body, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})

    @app.exception_handler(ScopeMissing)
    async def scope_missing(_request: Request, error: ScopeMissing) -> JSONResponse:
        body = {"status": "refused", "reason": "scope_missing", "message": str(error)}
        challenge = f'Bearer error="insufficient_scope", scope="{error.scope}"'
        return JSONResponse(body, HTTPStatus.FORBIDDEN, {"WWW-Authenticate": challenge})

    @app.exception_handler(TooManyRequests)
    async def too_many_requests(_request: Request, error: TooManyRequests) -> JSONResponse:
        wait = {"Retry-After": str(retry_after(error.quota))}
        return JSONResponse(described(error), HTTPStatus.TOO_MANY_REQUESTS, wait)

    @app.exception_handler(BodyTooLarge)
    async def body_too_large(_request: Request, _error: BodyTooLarge) -> JSONResponse:
        return JSONResponse(too_large(body_limit_bytes), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def invalid(problems: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Name each wrong field of a body as the caller wrote it: `customer.phone`, not `body → customer → phone`."""
    listed = [
        {
            "field": ".".join(str(part) for part in problem["loc"] if part not in ("body", "query")),
            "message": problem["msg"],
        }
        for problem in problems
    ]
    message = "; ".join(f"{each['field'] or 'body'}: {each['message']}" for each in listed)
    return {"status": "refused", "reason": "invalid_request", "message": message, "errors": listed}
