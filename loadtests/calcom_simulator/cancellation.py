"""How a booking ends: cancelled whole, seat by seat or with its series, declined, or sent back for another time.

Apart from how it comes about. The order is Cal.com's: whoever reads a booking in its own webhook still sees it live.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.callers import Caller
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.errors import AlreadyCancelled, BadRequest
from loadtests.calcom_simulator.post import Post
from loadtests.calcom_simulator.rows import Booking, Status
from loadtests.calcom_simulator.webhooks import Trigger


@dataclass(frozen=True, slots=True)
class Wish:
    """What a cancel request asks for."""

    reason: str | None = None
    seat_uid: str | None = None
    takes_the_rest: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancel leaves; a whole series when it was asked for."""

    rows: Sequence[Booking]
    is_series: bool = False


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Ends bookings."""

    bookings: Bookings
    post: Post
    clock: Clock

    async def cancel(self, uid: str, wish: Wish, caller: Caller) -> Cancelled:
        series = self.bookings.series(uid)
        if series and wish.takes_the_rest:
            raise BadRequest(
                "Cannot cancel subsequent bookings by the uid of the whole series; pass that of a recurrence."
            )
        if series:
            return await self._cancel_series(series, uid, wish, caller)
        row = self.bookings.get(uid)
        if wish.seat_uid is not None:
            return Cancelled([await self._cancel_seat(row, wish.seat_uid, caller)])
        if wish.takes_the_rest:
            return await self._cancel_rest(row, wish, caller)
        return Cancelled([await self._cancel_whole(row, wish, caller)])

    async def request_reschedule(self, uid: str, reason: str | None, caller: Caller) -> Booking:
        """Cancel on the host's behalf, and ask the attendee for another time."""
        row = self.bookings.get(uid)
        caller.require_owner(row.event_type)
        _refuse_ended(row)
        return await self._end(row, reason, caller, more={"requestReschedule": True})

    async def decline(self, uid: str, reason: str | None, caller: Caller) -> Booking:
        row = self.pending(uid, caller)
        rejected = row.changed(at=self.clock.now(), status=Status.REJECTED, cancellation_reason=reason)
        self.bookings.put(rejected)
        await self.post.announce(Trigger.BOOKING_REJECTED, rejected, caller.luck)
        return rejected

    async def confirm(self, uid: str, caller: Caller) -> Booking:
        """Accept a pending booking, without another look at the calendar (cal.diy issue 29968)."""
        row = self.pending(uid, caller)
        accepted = row.changed(at=self.clock.now(), status=Status.ACCEPTED)
        self.bookings.put(accepted)
        await self.post.announce(Trigger.BOOKING_CREATED, accepted, caller.luck)
        return accepted

    def pending(self, uid: str, caller: Caller) -> Booking:
        caller.required_account()
        row = self.bookings.get(uid)
        caller.require_owner(row.event_type)
        if row.status is not Status.PENDING:
            raise BadRequest(f"Only a pending booking can be confirmed or declined; this one is {row.status}.")
        return row

    async def _cancel_whole(self, row: Booking, wish: Wish, caller: Caller) -> Booking:
        _refuse_ended(row)
        if not row.event_type.can_cancel:
            raise BadRequest("This event type does not allow cancellations.")
        if caller.owns(row.event_type) and not wish.reason:
            raise BadRequest("Cancellation reason is required when you are the host")
        return await self._end(row, wish.reason, caller)

    async def _cancel_series(self, series: Sequence[Booking], uid: str, wish: Wish, caller: Caller) -> Cancelled:
        remaining = [row for row in series if row.is_live]
        if not remaining:
            _refuse_ended(series[0])
        for row in remaining:
            await self._cancel_whole(row, wish, caller)
        return Cancelled(self.bookings.series(uid), is_series=True)

    async def _cancel_rest(self, row: Booking, wish: Wish, caller: Caller) -> Cancelled:
        if row.recurring_uid is None:
            raise BadRequest(f"Booking with bookingUid={row.uid} is not part of a recurring booking.")
        series = self.bookings.series(row.recurring_uid)
        rest = [each for each in series if each.span.start >= row.span.start]
        return await self._cancel_series(rest, row.recurring_uid, wish, caller)

    async def _cancel_seat(self, row: Booking, seat_uid: str, caller: Caller) -> Booking:
        """Free one seat; the last one to leave ends the booking."""
        seat = row.seat(seat_uid)
        if seat is None or not row.is_live:
            raise BadRequest(
                "Invalid seatUid: the seat does not exist, is cancelled already, or is in another booking."
            )
        if row.seats == (seat,):
            return await self._end(row, None, caller)
        told = row.changed(at=self.clock.now(), seats=(seat,))
        await self.post.announce(Trigger.BOOKING_CANCELLED, told, caller.luck, more=_seat_cancelled(seat_uid))
        left = self.bookings.get(row.uid).without_seat(seat_uid, at=self.clock.now())
        self.bookings.put(left)
        return left

    async def _end(
        self, row: Booking, reason: str | None, caller: Caller, *, more: Mapping[str, Any] | None = None
    ) -> Booking:
        by = caller.account.email if caller.account is not None and caller.owns(row.event_type) else None
        told = row.cancelled(reason=reason, by=by, at=self.clock.now())
        # Told before it is stored, as at Cal.com.
        await self.post.announce(Trigger.BOOKING_CANCELLED, told, caller.luck, more=more)
        current = self.bookings.get(row.uid)
        _refuse_ended(current)
        cancelled = current.cancelled(reason=reason, by=by, at=self.clock.now())
        self.bookings.put(cancelled)
        return cancelled


def _refuse_ended(row: Booking) -> None:
    if not row.is_live:
        raise AlreadyCancelled("This booking has already been cancelled.")


def _seat_cancelled(seat_uid: str) -> dict[str, Any]:
    return {"status": "CANCELLED", "seatReferenceUid": seat_uid, "cancelledBy": None, "cancellationReason": None}
