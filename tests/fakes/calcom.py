from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from booking_core.domain.errors import BookingError, CalcomRejected, SlotTaken
from booking_core.domain.models import Appointment, Offering, Tenant
from booking_core.domain.ports import CalcomBooking, CalcomStatus


@dataclass(frozen=True)
class Entry:
    """A booking of the fake calendar: for whose appointment, and which stretch of whose day."""

    booking: CalcomBooking
    made_for: UUID
    staff_id: UUID
    start: datetime
    end: datetime


@dataclass
class FakeCalcom:
    """Remembers what it was asked, and fails on demand; `books_unseen` does what it is asked and then fails."""

    free: list[datetime] = field(default_factory=list)
    created: list[Appointment] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    error: BookingError | Exception | None = None
    books_unseen: bool = False
    hides: bool = False  # reads lag behind
    status: CalcomStatus = CalcomStatus.ACCEPTED  # of what is booked
    refuses_cancelling: bool = False

    @property
    def live(self) -> list[Entry]:
        return [each for each in self.entries.values() if each.booking.is_live]

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]:
        self._fail()
        return [slot for slot in self.free if start <= slot < end]

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        self._fail_before()
        staff = appointment.offering.staff_id
        self._refuse_taken(staff, appointment.start, appointment.end)
        self.created.append(appointment)
        made = self._enter(appointment.id, staff, appointment.start, appointment.end)
        self._fail()
        return made

    async def reschedule(self, tenant: Tenant, uid: str, start: datetime, *, reason: str) -> CalcomBooking:
        self._fail_before()
        former = self.entries[uid]
        if not former.booking.is_live:
            raise CalcomRejected("it has been cancelled")
        end = start + (former.end - former.start)
        self._refuse_taken(former.staff_id, start, end, except_uid=uid)
        made = self._enter(former.made_for, former.staff_id, start, end)
        self._put(uid, status=CalcomStatus.CANCELLED, moved_to=made.uid)
        self._fail()
        return made

    async def get(self, tenant: Tenant, uid: str) -> CalcomBooking | None:
        self._fail_before()
        return self.entries[uid].booking if uid in self.entries else None

    async def find(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking | None:
        self._fail_before()
        ours = (each for each in self.live if each.made_for == appointment.id and each.start == appointment.start)
        return None if self.hides else next((each.booking for each in ours), None)

    async def cancel(self, tenant: Tenant, uid: str, *, reason: str) -> None:
        self._fail_before()
        if not reason:
            raise CalcomRejected("a reason is required")
        if self.refuses_cancelling:
            raise CalcomRejected("this event type does not allow cancellations")
        if uid not in self.entries:
            raise CalcomRejected("not found")
        if self.entries[uid].booking.is_live:
            self._put(uid, status=CalcomStatus.CANCELLED)
            self.cancelled.append(uid)
        self._fail()

    def decide(self, uid: str, status: CalcomStatus) -> None:
        """Let the salon accept, decline or cancel it by hand."""
        self._put(uid, status=status)

    def occupy(self, offering: Offering, start: datetime, end: datetime, *, stranger: UUID) -> None:
        """Let somebody book past us."""
        self._enter(stranger, offering.staff_id, start, end)

    def _enter(self, made_for: UUID, staff_id: UUID, start: datetime, end: datetime) -> CalcomBooking:
        booking = CalcomBooking(f"uid-{len(self.entries) + 1}", self.status, start)
        self.entries[booking.uid] = Entry(booking, made_for, staff_id, start, end)
        return booking

    def _put(self, uid: str, **changes: object) -> None:
        entry = self.entries[uid]
        self.entries[uid] = replace(entry, booking=replace(entry.booking, **changes))

    def _refuse_taken(self, staff_id: UUID, start: datetime, end: datetime, *, except_uid: str = "") -> None:
        for each in self.live:
            if each.booking.uid != except_uid and each.staff_id == staff_id and each.start < end and start < each.end:
                raise SlotTaken

    def _fail_before(self) -> None:
        if not self.books_unseen:
            self._fail()

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error
