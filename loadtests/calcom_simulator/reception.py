"""How a booking comes about: same request or new one, checked, assigned to a host, inserted, told.

Apart from what happens to a booking later. Cal.com checks first and inserts second; so does this, and a fault can
part the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from loadtests.calcom_simulator import availability, locations, order_rules
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.callers import Caller
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.errors import BadRequest, NotFound
from loadtests.calcom_simulator.event_types import EventType, EventTypes, Host, Span
from loadtests.calcom_simulator.fault_orders import FaultKind
from loadtests.calcom_simulator.post import Post
from loadtests.calcom_simulator.reservations import Reservations
from loadtests.calcom_simulator.rows import Booking, Order, Status
from loadtests.calcom_simulator.seating import Seating
from loadtests.calcom_simulator.webhooks import Trigger


@dataclass(frozen=True, slots=True)
class Booked:
    """What a create has made, or found: several bookings when the event type recurs."""

    rows: Sequence[Booking]
    is_series: bool = False
    seat_uids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Reception:
    """Takes orders."""

    event_types: EventTypes
    bookings: Bookings
    reservations: Reservations
    seating: Seating
    post: Post
    clock: Clock

    async def book(self, order: Order, caller: Caller) -> Booked:
        event_type = self.event_type(order)
        order_rules.refuse_unfit(order, event_type, caller)
        same = self._same_request(order, event_type)
        if same is not None:
            series = self.bookings.series(same.recurring_uid or "")
            return Booked(series or [same], is_series=bool(series))
        spans = list(occurrences(order, event_type))
        for span in spans:
            self._refuse_start(order, event_type, span, caller)
        if event_type.seats is not None:
            return await self._seat(order, event_type, spans, caller)
        drafts = await self._drafts(order, event_type, spans, caller)
        rows = [self.bookings.insert(draft) for draft in drafts]
        self.reservations.remove(order.reservation_uid)
        for row in rows:
            await self.post.announce(_trigger(row), row, caller.luck)
        return Booked(rows, is_series=event_type.recurrence is not None)

    def event_type(self, order: Order) -> EventType:
        """Raise NotFound for one that does not exist, or no longer."""
        slug = order.event_type_slug or ""
        if order.event_type_id is not None:
            found, sought = self.event_types.find(order.event_type_id), f"id {order.event_type_id}"
        elif order.team_slug is not None:
            found = self.event_types.find_in_team(team=order.team_slug, slug=slug)
            sought = f"slug {slug} belonging to team {order.team_slug}"
        else:
            username = order.username or ""
            found = self.event_types.find_on_page(username=username, slug=slug)
            sought = f"slug {slug} belonging to user {username}"
        if found is None:
            raise NotFound(f"Event type with {sought} not found")
        return found

    def assigned(
        self, event_type: EventType, span: Span, *, except_uid: str | None = None, among: frozenset[int] = frozenset()
    ) -> Host | None:
        """Return the free host with the fewest bookings around this time, or None."""
        candidates = [host for host in event_type.hosts if not among or host.id in among]
        free = [host for host in candidates if self._is_free(event_type, host, span, except_uid)]
        return min(free, key=lambda host: len(self.bookings.live.touching(host.id, span)), default=None)

    def _same_request(self, order: Order, event_type: EventType) -> Booking | None:
        """Return the booking that a repeated request finds instead of making another.

        Only event types that need confirmation or go round look for it, and only by address, number and start.
        """
        if event_type.seats is not None or not (event_type.needs_confirmation or event_type.team):
            return None
        wanted = (order.attendee.email, order.attendee.phone_number, order.start, event_type.id)
        rows = (row for host in event_type.hosts for row in self._around(host, event_type, order))
        return next((row for row in rows if _identity(row) == wanted), None)

    def _around(self, host: Host, event_type: EventType, order: Order) -> Sequence[Booking]:
        return self.bookings.live.touching(host.id, event_type.span_from(order.start))

    def _refuse_start(self, order: Order, event_type: EventType, span: Span, caller: Caller) -> None:
        now = self.clock.now()
        if not (order.allows_out_of_bounds and _may_overrule(event_type, caller)):
            availability.refuse_out_of_bounds(event_type, span.start, now=now)
        self._refuse_busy_booker(order, event_type)
        self.reservations.refuse_if_held(event_type, span, own_uid=order.reservation_uid, now=now)

    def _refuse_busy_booker(self, order: Order, event_type: EventType) -> None:
        if event_type.active_bookings is None:
            return
        now, email = self.clock.now(), order.attendee.email
        rows = [row for row in self.bookings.live if row.event_type.id == event_type.id and row.span.end > now]
        own = [row for row in rows if email in {who.email for who in row.attendees}]
        if len(own) >= event_type.active_bookings:
            message = "This attendee has reached the maximum number of active bookings."
            raise BadRequest(f"{message} Reschedule the existing booking ({own[-1].uid}) instead.")

    async def _drafts(
        self, order: Order, event_type: EventType, spans: Sequence[Span], caller: Caller
    ) -> Sequence[Booking]:
        """Choose a host for each span; after this nothing but the unique key is looked at."""
        series = self._new_series(event_type, spans[0])
        hosts = [self._host(order, event_type, span, caller) for span in spans]
        await caller.luck.linger(FaultKind.RACY)
        first = self._draft(order, event_type, series)
        return [replace(first, host=host, span=span) for host, span in zip(hosts, spans, strict=True)]

    def _draft(self, order: Order, event_type: EventType, series: str | None) -> Booking:
        """Return what all bookings of the order have in common; host and span are the first ones."""
        is_pending = event_type.needs_confirmation and event_type.seats is None
        return Booking(
            event_type=event_type,
            host=event_type.hosts[0],
            span=event_type.span_from(order.start, order.minutes),
            order=order,
            created_at=self.clock.now(),
            status=Status.PENDING if is_pending else Status.ACCEPTED,
            was_pending=is_pending,
            recurring_uid=series,
            location=locations.of_order(order),
        )

    def _new_series(self, event_type: EventType, first: Span) -> str | None:
        if event_type.recurrence is None:
            return None
        return self.bookings.new_uid(event_type.hosts[0], first, self.clock.now(), salt=":series")

    def _host(self, order: Order, event_type: EventType, span: Span, caller: Caller) -> Host:
        if caller.luck.strike(FaultKind.SLOT_REFUSED):
            raise availability.refusal(event_type)
        if order.allows_conflicts and _may_overrule(event_type, caller):
            return event_type.hosts[0]
        host = self.assigned(event_type, span, among=order.host_ids)
        if host is None:
            raise availability.refusal(event_type)
        return host

    def _is_free(self, event_type: EventType, host: Host, span: Span, except_uid: str | None) -> bool:
        busy = self.bookings.busy(host, event_type.padded(span), except_uid=except_uid)
        return availability.is_free(event_type, host, span, busy=busy)

    async def _seat(self, order: Order, event_type: EventType, spans: Sequence[Span], caller: Caller) -> Booked:
        series = self._new_series(event_type, spans[0])
        for span in spans:
            if self.seating.joinable(event_type, span) is None:
                self._host(order, event_type, span, caller)
        await caller.luck.linger(FaultKind.RACY)
        draft = self._draft(order, event_type, series)
        taken = [self.seating.take(replace(draft, span=span)) for span in spans]
        self.reservations.remove(order.reservation_uid)
        for each in taken:
            await self.post.announce(_trigger(each.row), each.row, caller.luck)
        return Booked([each.row for each in taken], series is not None, [each.seat_uid for each in taken])


def occurrences(order: Order, event_type: EventType) -> Iterator[Span]:
    """Yield when the order takes place: weeks apart by the attendee's own clock, so summer time keeps the hour."""
    if event_type.recurrence is None:
        yield event_type.span_from(order.start, order.minutes)
        return
    local = order.start.astimezone(ZoneInfo(order.attendee.zone))
    for index in range(order.recurrences or event_type.recurrence.occurrences):
        start = local + timedelta(weeks=index * event_type.recurrence.weeks)
        yield event_type.span_from(start.astimezone(UTC), order.minutes)


def _identity(row: Booking) -> tuple[str, str | None, datetime, int]:
    who = row.order.attendee
    return who.email, who.phone_number, row.span.start, row.event_type.id


def _may_overrule(event_type: EventType, caller: Caller) -> bool:
    return caller.uses_newest and caller.owns(event_type)


def _trigger(row: Booking) -> Trigger:
    return Trigger.BOOKING_REQUESTED if row.status is Status.PENDING else Trigger.BOOKING_CREATED
