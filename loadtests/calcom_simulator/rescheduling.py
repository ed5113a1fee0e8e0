"""How a booking moves: a new one under a new uid, and the old one cancelled with the name of its successor.

Apart from cancellation because a move is a create and a cancel in one, and who repeats it can learn how it ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from loadtests.calcom_simulator import availability
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.callers import Caller
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.errors import BadRequest, NotFound
from loadtests.calcom_simulator.event_types import Host, Span
from loadtests.calcom_simulator.fault_orders import FaultKind
from loadtests.calcom_simulator.post import Post
from loadtests.calcom_simulator.reception import Reception
from loadtests.calcom_simulator.rows import Booking, Status
from loadtests.calcom_simulator.seating import Seated, Seating
from loadtests.calcom_simulator.webhook_shapes import rescheduling
from loadtests.calcom_simulator.webhooks import Trigger


@dataclass(frozen=True, slots=True)
class Move:
    """What a reschedule request asks for."""

    start: datetime
    by: str | None = None
    reason: str | None = None
    seat_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Rescheduling:
    """Moves bookings."""

    bookings: Bookings
    reception: Reception
    seating: Seating
    post: Post
    clock: Clock

    async def move(self, uid: str, wish: Move, caller: Caller) -> Seated:
        """Return the new booking; the seat's uid is empty where there are no seats."""
        row = self.bookings.get(uid)
        _refuse_ended(row)
        if not row.event_type.can_reschedule:
            raise BadRequest("This event type does not allow rescheduling.")
        now = self.clock.now()
        span = row.event_type.span_from(wish.start, row.span.minutes)
        availability.refuse_out_of_bounds(row.event_type, span.start, now=now)
        if row.is_seated:
            moved = await self._move_seat(row, span, wish, caller)
        else:
            moved = Seated(await self._move_whole(row, span, wish, caller), "")
        await self._tell(moved.row, row, caller)
        return moved

    async def _move_whole(self, row: Booking, span: Span, wish: Move, caller: Caller) -> Booking:
        host = self._host(row, span, caller)
        await caller.luck.linger(FaultKind.RACY)
        is_pending = row.event_type.needs_confirmation and not caller.owns(row.event_type)
        draft = replace(
            self._successor(row, span, wish),
            host=host,
            status=Status.PENDING if is_pending else Status.ACCEPTED,
            was_pending=row.event_type.needs_confirmation,
        )
        return self.bookings.move(row, draft, at=self.clock.now())

    async def _move_seat(self, row: Booking, span: Span, wish: Move, caller: Caller) -> Seated:
        """Give up one seat and take another; the slot that is left empty is cancelled."""
        if wish.seat_uid is None:
            raise BadRequest("seatUid is required to reschedule a seat of this booking")
        seat = row.seat(wish.seat_uid)
        if seat is None:
            raise NotFound(f"Seat with uid={wish.seat_uid} does not exist.")
        if self.seating.joinable(row.event_type, span) is None:
            self._host(row, span, caller)
        order = replace(row.order, attendee=seat.attendee, metadata=seat.metadata, responses=seat.responses)
        moved = self.seating.take(replace(self._successor(row, span, wish), order=order, seats=(), companions=()))
        now = self.clock.now()
        self.bookings.put(
            row.moved_to(moved.row, at=now) if row.seats == (seat,) else row.without_seat(seat.uid, at=now)
        )
        return moved

    def _host(self, row: Booking, span: Span, caller: Caller) -> Host:
        """Return the same host when that one is free, else another of the team."""
        refused = caller.luck.strike(FaultKind.SLOT_REFUSED)
        same = frozenset({row.host.id})
        host = self.reception.assigned(row.event_type, span, except_uid=row.uid, among=same)
        host = host or self.reception.assigned(row.event_type, span, except_uid=row.uid)
        if refused is not None or host is None:
            raise availability.refusal(row.event_type)
        return host

    def _successor(self, row: Booking, span: Span, wish: Move) -> Booking:
        return replace(
            row,
            id=0,
            uid="",
            span=span,
            order=replace(row.order, start=span.start),
            created_at=self.clock.now(),
            updated_at=None,
            changes=0,
            rescheduled_from=row.uid,
            rescheduled_to=None,
            rescheduling_reason=wish.reason,
            rescheduled_by=wish.by,
        )

    async def _tell(self, moved: Booking, former: Booking, caller: Caller) -> None:
        trigger = Trigger.BOOKING_REQUESTED if moved.status is Status.PENDING else Trigger.BOOKING_RESCHEDULED
        await self.post.announce(trigger, moved, caller.luck, more=rescheduling(moved, former))


def _refuse_ended(row: Booking) -> None:
    if row.rescheduled_to is not None:
        raise BadRequest(
            f"Can't reschedule booking with uid={row.uid}: it has been rescheduled already to booking with "
            f"uid={row.rescheduled_to}. Reschedule that one instead."
        )
    if not row.is_live:
        raise BadRequest(f"Can't reschedule booking with uid={row.uid} because it has been cancelled.")
