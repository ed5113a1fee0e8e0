"""The routes under /v2/bookings: read the request, have the work done, show the result in the version asked for.

Apart from the work because here is all that is HTTP, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from loadtests.calcom_simulator import create_input, older_shapes, shapes, wire
from loadtests.calcom_simulator.accounts import Accounts
from loadtests.calcom_simulator.amendments import Amendments
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.callers import Caller
from loadtests.calcom_simulator.cancellation import Cancellation, Wish
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.errors import InvalidInput, NotFound
from loadtests.calcom_simulator.event_types import EventTypes
from loadtests.calcom_simulator.exchange import read_json, read_object, success, text_field
from loadtests.calcom_simulator.fault_orders import FaultKind, Operation
from loadtests.calcom_simulator.gate import Handler
from loadtests.calcom_simulator.listing import Listing
from loadtests.calcom_simulator.reading import Snapshot
from loadtests.calcom_simulator.reception import Reception
from loadtests.calcom_simulator.rescheduling import Move, Rescheduling
from loadtests.calcom_simulator.rows import Booking


@dataclass(frozen=True, slots=True)
class BookingsApi:
    """Bookings as Cal.com offers them."""

    accounts: Accounts
    bookings: Bookings
    reception: Reception
    cancellation: Cancellation
    rescheduling: Rescheduling
    amendments: Amendments
    event_types: EventTypes
    clock: Clock

    def handlers(self) -> Sequence[Handler]:
        one = "/v2/bookings/{uid}"
        return (
            Handler("POST", "/v2/bookings", Operation.CREATE, self.create),
            Handler("GET", "/v2/bookings", Operation.LIST, self.list_bookings),
            Handler("GET", "/v2/bookings/by-seat/{seat_uid}", Operation.GET, self.get_by_seat),
            Handler("GET", one, Operation.GET, self.get),
            Handler("POST", f"{one}/cancel", Operation.CANCEL, self.cancel),
            Handler("POST", f"{one}/reschedule", Operation.RESCHEDULE, self.reschedule),
            Handler("POST", f"{one}/request-reschedule", Operation.CANCEL, self.request_reschedule),
            Handler("POST", f"{one}/confirm", Operation.CONFIRM, self.confirm),
            Handler("POST", f"{one}/decline", Operation.DECLINE, self.decline),
            Handler("POST", f"{one}/mark-absent", Operation.CHANGE, self.mark_absent),
            Handler("PATCH", f"{one}/location", Operation.CHANGE, self.relocate),
            Handler("POST", f"{one}/guests", Operation.CHANGE, self.add_guests),
            Handler("POST", f"{one}/attendees", Operation.CHANGE, self.add_attendee),
            Handler("GET", f"{one}/attendees", Operation.GET, self.list_attendees),
            Handler("GET", f"{one}/references", Operation.GET, self.list_references),
            Handler("GET", f"{one}/calendar-links", Operation.GET, self.list_calendar_links),
        )

    async def create(self, request: Request) -> Response:
        caller = self._caller(request)
        booked = await self.reception.book(create_input.read_order(await read_json(request)), caller)
        seats = booked.seat_uids or [""] * len(booked.rows)
        shown = [self._shown(row, caller, seat_uid=uid) for row, uid in zip(booked.rows, seats, strict=True)]
        return success(shown if booked.is_series else shown[0], status=HTTPStatus.CREATED)

    async def get(self, request: Request) -> Response:
        caller, uid = self._caller(request), request.path_params["uid"]
        seen = self._seen(caller)
        row = seen.find(uid)
        if row is not None:
            return success(self._shown(row, caller))
        series = seen.series(uid)
        if not series:
            raise NotFound(f"Booking with uid={uid} was not found in the database")
        return success([self._shown(each, caller) for each in series])

    async def get_by_seat(self, request: Request) -> Response:
        caller = self._caller(request)
        seat_uid = request.path_params["seat_uid"]
        row = self._seen(caller).find(self.bookings.of_seat(seat_uid).uid)
        if row is None or row.seat(seat_uid) is None:
            raise NotFound(f"Booking with seatUid={seat_uid} was not found in the database")
        return success(self._shown(row, caller))

    async def list_bookings(self, request: Request) -> Response:
        caller = self._caller(request)
        account = caller.required_account()
        listing = Listing.read(request.query_params, account_id=account.id)
        page = listing.page(self._seen(caller), self.event_types, now=self.clock.now())
        if not caller.uses_current("bookings"):
            following = page.skip + page.take if page.pagination()["hasNextPage"] else None
            return success(older_shapes.booking_list(page.bookings, next_cursor=following))
        return success([self._shown(row, caller) for row in page.bookings], pagination=page.pagination())

    async def cancel(self, request: Request) -> Response:
        caller, body = self._caller(request), await read_object(request)
        takes_the_rest = body.get("cancelSubsequentBookings")
        if takes_the_rest is not None and not isinstance(takes_the_rest, bool):
            raise InvalidInput("cancelSubsequentBookings must be true or false")
        wish = Wish(text_field(body, "cancellationReason"), text_field(body, "seatUid"), bool(takes_the_rest))
        ended = await self.cancellation.cancel(request.path_params["uid"], wish, caller)
        shown = [self._shown(row, caller) for row in ended.rows]
        return success(shown if ended.is_series else shown[0])

    async def reschedule(self, request: Request) -> Response:
        caller, body = self._caller(request), await read_object(request)
        sentences = list(create_input.about_start(body))
        if sentences:
            raise InvalidInput(*sentences)
        by, reason = text_field(body, "rescheduledBy"), text_field(body, "reschedulingReason")
        wish = Move(wire.instant(body["start"]), by, reason, text_field(body, "seatUid"))
        moved = await self.rescheduling.move(request.path_params["uid"], wish, caller)
        return success(self._shown(moved.row, caller, seat_uid=moved.seat_uid), status=HTTPStatus.CREATED)

    async def request_reschedule(self, request: Request) -> Response:
        caller = self._caller(request)
        if not caller.uses_newest:
            raise NotFound(f"Cannot {request.method} {request.url.path}")
        reason = text_field(await read_object(request), "rescheduleReason")
        await self.cancellation.request_reschedule(request.path_params["uid"], reason, caller)
        return success(None)

    async def confirm(self, request: Request) -> Response:
        caller = self._caller(request)
        return success(self._shown(await self.cancellation.confirm(request.path_params["uid"], caller), caller))

    async def decline(self, request: Request) -> Response:
        caller = self._caller(request)
        reason = text_field(await read_object(request), "reason")
        row = await self.cancellation.decline(request.path_params["uid"], reason, caller)
        return success(self._shown(row, caller))

    async def mark_absent(self, request: Request) -> Response:
        caller, body = self._caller(request), await read_object(request)
        return success(self._shown(await self.amendments.mark_absent(request.path_params["uid"], body, caller), caller))

    async def relocate(self, request: Request) -> Response:
        caller, body = self._caller(request), await read_object(request)
        return success(self._shown(self.amendments.relocate(request.path_params["uid"], body, caller), caller))

    async def add_guests(self, request: Request) -> Response:
        caller, body = self._caller(request), await read_object(request)
        return success(self._shown(self.amendments.add_guests(request.path_params["uid"], body, caller), caller))

    async def add_attendee(self, request: Request) -> Response:
        caller, body = self._caller(request), await read_object(request)
        row = self.amendments.add_attendee(request.path_params["uid"], body, caller)
        return success(shapes.numbered_attendees(row)[-1], status=HTTPStatus.CREATED)

    async def list_attendees(self, request: Request) -> Response:
        return success(shapes.numbered_attendees(self._own(request)))

    async def list_references(self, request: Request) -> Response:
        """Answer with none: no calendar and no video service is connected here."""
        self._own(request)
        return success([])

    async def list_calendar_links(self, request: Request) -> Response:
        return success(shapes.calendar_links(self._own(request)))

    def _own(self, request: Request) -> Booking:
        return self.amendments.own(request.path_params["uid"], self._caller(request))

    def _caller(self, request: Request) -> Caller:
        return Caller.of(request, self.accounts)

    def _seen(self, caller: Caller) -> Snapshot:
        """Return the bookings as a read sees them: all of them, unless it asks a database that lags behind."""
        lag = caller.luck.strike(FaultKind.READ_LAG)
        return Snapshot(self.bookings, {} if lag is None else self.bookings.before(lag.order.delay_seconds or 0.0))

    def _shown(self, row: Booking, caller: Caller, *, seat_uid: str = "") -> dict[str, Any]:
        if not caller.uses_current("bookings"):
            return older_shapes.booking(row)
        return shapes.booking(row, keeps_seats=caller.uses_newest, seat_uid=seat_uid)
