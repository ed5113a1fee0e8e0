"""The routes under /v2: who may ask, which version answers, and the order of checks.

Apart from the gate (faults, limits) and the shapes (fields): this is only what each operation does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loadtests.calcom_simulator import availability, create_input, event_types, older_shapes, shapes, webhooks
from loadtests.calcom_simulator.bookings import Bookings, Order
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.errors import BadRequest, InvalidInput, NotFound, Unauthorized
from loadtests.calcom_simulator.event_types import EventType, EventTypes
from loadtests.calcom_simulator.faults import Operation
from loadtests.calcom_simulator.gate import Gate
from loadtests.calcom_simulator.listing import Listing
from loadtests.calcom_simulator.slot_search import SlotSearch
from loadtests.calcom_simulator.webhooks import Subscribers


@dataclass(frozen=True, slots=True)
class CalcomApi:
    """Cal.com as one salon's API key sees it."""

    api_key: str
    event_types: EventTypes
    bookings: Bookings
    subscribers: Subscribers
    clock: Clock

    def routes(self, gate: Gate) -> list[Route]:
        """Return every route under /v2; the last one answers what Cal.com does not have."""
        table = (
            ("/v2/slots", "GET", Operation.SLOTS, self.slots),
            ("/v2/bookings", "POST", Operation.CREATE, self.create),
            ("/v2/bookings", "GET", Operation.LIST, self.list_bookings),
            ("/v2/bookings/{uid}", "GET", Operation.GET, self.get),
            ("/v2/bookings/{uid}/cancel", "POST", Operation.CANCEL, self.cancel),
            ("/v2/event-types", "GET", Operation.EVENT_TYPES, self.list_event_types),
            ("/v2/me", "GET", Operation.ME, self.me),
        )
        known = [Route(path, gate.guard(what, ask), methods=[method]) for path, method, what, ask in table]
        every_method = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return [*known, Route("/v2/{rest:path}", gate.guard(None, self.unknown), methods=every_method)]

    async def slots(self, request: Request) -> Response:
        # No guard here, as at Cal.com: even a wrong key gets slots.
        search = SlotSearch.read(request.query_params, self.event_types)
        busy = self.bookings.busy(search.event_type, search.within, except_uid=search.rescheduled_uid)
        now = self.clock.now()
        starts = availability.free_starts(search.event_type, within=search.within, busy=busy, now=now)
        return _success(search.answer(starts) if _is_current(request, "slots") else search.older_answer(starts))

    async def create(self, request: Request) -> Response:
        self._is_owner(request)
        order = create_input.read_order(await _json(request))
        event_type = self._event_type(order)
        now = self.clock.now()
        span = event_type.span_from(order.start)
        availability.refuse_unless_bookable(event_type, span, busy=self.bookings.busy(event_type, span), now=now)
        booking = self.bookings.insert(order, event_type, now=now)
        await self.subscribers.tell(webhooks.BOOKING_CREATED, booking)
        shape = shapes if _is_current(request, "bookings") else older_shapes
        return _success(shape.booking(booking), status=HTTPStatus.CREATED)

    async def get(self, request: Request) -> Response:
        self._is_owner(request)
        booking = self.bookings.get(request.path_params["uid"])
        shape = shapes if _is_current(request, "bookings") else older_shapes
        return _success(shape.booking(booking))

    async def list_bookings(self, request: Request) -> Response:
        self._require_owner(request)
        listing = Listing.read(request.query_params)
        page = listing.page(self.bookings, self.event_types, now=self.clock.now())
        if not _is_current(request, "bookings"):
            following = page.skip + page.take if page.pagination()["hasNextPage"] else None
            return _success(older_shapes.booking_list(page.bookings, next_cursor=following))
        return _success([shapes.booking(booking) for booking in page.bookings], pagination=page.pagination())

    async def cancel(self, request: Request) -> Response:
        is_owner = self._is_owner(request)
        reason = _cancellation_reason(await _json(request))
        booking = self.bookings.get_cancellable(request.path_params["uid"])
        if is_owner and not reason:
            raise BadRequest("Cancellation reason is required when you are the host")
        by = event_types.OWNER_EMAIL if is_owner else None
        cancelled = booking.cancelled(reason=reason, by=by, at=self.clock.now())
        # Told before it is stored, as at Cal.com: whoever reads the booking in its webhook still sees it accepted.
        await self.subscribers.tell(webhooks.BOOKING_CANCELLED, cancelled)
        self.bookings.cancel(cancelled)
        shape = shapes if _is_current(request, "bookings") else older_shapes
        return _success(shape.booking(cancelled))

    async def list_event_types(self, request: Request) -> Response:
        kinds = list(self._visible_event_types(request))
        if not _is_current(request, "event-types"):
            return _success(older_shapes.event_type_list(kinds))
        return _success([shapes.event_type(kind) for kind in kinds])

    async def me(self, request: Request) -> Response:
        self._require_owner(request)
        return _success(shapes.profile())

    async def unknown(self, request: Request) -> NoReturn:
        raise NotFound(f"Cannot {request.method} {request.url.path}")

    def _visible_event_types(self, request: Request) -> Iterable[EventType]:
        """Yield what the key's owner has, or what the public may see of one host."""
        is_owner = self._is_owner(request)
        username, slug = request.query_params.get("username"), request.query_params.get("eventSlug")
        for kind in self.event_types:
            is_shown = is_owner or (username is not None and not kind.hidden)
            if is_shown and username in {None, kind.host.username} and slug in {None, kind.slug}:
                yield kind

    def _event_type(self, order: Order) -> EventType:
        if order.event_type_id is not None:
            found = self.event_types.find(order.event_type_id)
            sought = f"id={order.event_type_id}"
        else:
            username, slug = order.username or "", order.event_type_slug or ""
            found = self.event_types.find_named(username=username, slug=slug)
            sought = f"username={username} and eventTypeSlug={slug}"
        if found is None:
            raise NotFound(f"Event type with {sought} not found")
        return found

    def _is_owner(self, request: Request) -> bool:
        """Tell whether the key's owner asks; a missing key is allowed, a wrong one raises Unauthorized."""
        header = request.headers.get("authorization")
        if header is None:
            return False
        if header != f"Bearer {self.api_key}":
            raise Unauthorized("Your api key is not valid")
        return True

    def _require_owner(self, request: Request) -> None:
        if not self._is_owner(request):
            raise Unauthorized("No authentication method provided. Pass an API key as 'Bearer' header.")


def _is_current(request: Request, resource: str) -> bool:
    return older_shapes.is_current(resource, request.headers.get(older_shapes.VERSION_HEADER))


def _success(content: Any, *, status: HTTPStatus = HTTPStatus.OK, **more: Any) -> Response:
    return JSONResponse({"status": "success", "data": content, **more}, status_code=status)


async def _json(request: Request) -> object:
    """Return the body; an empty one is an empty object, as the framework takes it."""
    raw = await request.body()
    try:
        return json.loads(raw or b"{}", parse_constant=_refuse_constant)
    except ValueError as error:
        raise BadRequest(f"The request body is not valid JSON: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _cancellation_reason(body: object) -> str | None:
    if not isinstance(body, dict):
        raise InvalidInput("the request body must be a JSON object")
    reason = body.get("cancellationReason")
    if reason is not None and not isinstance(reason, str):
        raise InvalidInput("cancellationReason must be a string")
    return reason
