from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from booking_core.domain.discrepancies import ListedBooking
from booking_core.domain.errors import BookingError, CalcomRejected, SlotTaken
from booking_core.domain.models import Appointment, Offering, Tenant
from booking_core.domain.ports import CalcomBooking, CalcomStatus, Listing, Page


@dataclass(frozen=True)
class Entry:
    """A booking of the fake calendar: for whose appointment, and which stretch of whose day."""

    booking: CalcomBooking
    made_for: UUID
    staff_id: UUID
    start: datetime
    end: datetime
    tenant_id: UUID | None = None  # of our metadata; what a stranger booked has none
    event_type_id: int = 1001
    made_at: datetime = datetime(2026, 11, 1, tzinfo=UTC)
    host: str | None = None

    def listed(self) -> ListedBooking:
        return ListedBooking(
            self.booking.uid,
            self.booking.status,
            self.event_type_id,
            self.start,
            self.end,
            self.made_at,
            appointment_id=self.made_for if self.tenant_id else None,
            tenant_id=self.tenant_id,
            host=self.host,
        )


@dataclass
class FakeCalcom:
    """Remembers what it was asked, and fails on demand; `books_unseen` does what it is asked and then fails."""

    free: list[datetime] = field(default_factory=list)
    free_for: dict[int, list[datetime]] = field(default_factory=dict)  # where it differs, by event type
    created: list[Appointment] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    error: BookingError | Exception | None = None
    books_unseen: bool = False
    hides: bool = False  # reads lag behind
    status: CalcomStatus = CalcomStatus.ACCEPTED  # of what is booked
    refuses_cancelling: bool = False
    minutes: int | None = None  # of every service, where somebody has changed it behind our back

    @property
    def live(self) -> list[Entry]:
        return [each for each in self.entries.values() if each.booking.is_live]

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]:
        self._fail()
        free = self.free_for.get(offering.calcom_event_type_id, self.free)
        return [slot for slot in free if start <= slot < end]

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        self._fail_before()
        staff = appointment.offering.staff_id
        end = appointment.start + timedelta(minutes=self.minutes) if self.minutes else appointment.end
        self._refuse_taken(staff, appointment.start, end)
        self.created.append(appointment)
        made = self.enter(appointment.id, staff, appointment.start, end, tenant_id=tenant.id)
        self._fail()
        return made

    async def reschedule(self, tenant: Tenant, uid: str, start: datetime, *, reason: str) -> CalcomBooking:
        self._fail_before()
        former = self.entries[uid]
        if not former.booking.is_live:
            raise CalcomRejected("it has been cancelled")
        end = start + (former.end - former.start)
        self._refuse_taken(former.staff_id, start, end, except_uid=uid)
        made = self.enter(former.made_for, former.staff_id, start, end, tenant_id=former.tenant_id)
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

    async def listed(self, tenant: Tenant, listing: Listing, *, skip: int, take: int) -> Page:
        self._fail_before()
        seen = [] if self.hides else [each.listed() for each in self.entries.values()]
        if listing.window is not None:
            seen = [each for each in seen if each.start in listing.window]
        return Page(seen[skip : skip + take], has_more=skip + take < len(seen))

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
        self.enter(stranger, offering.staff_id, start, end)

    def enter(
        self, made_for: UUID, staff_id: UUID, start: datetime, end: datetime, *, tenant_id: UUID | None = None
    ) -> CalcomBooking:
        """Write a booking into the calendar, whoever asked for it."""
        booking = CalcomBooking(f"uid-{len(self.entries) + 1}", self.status, start, end=end)
        self.entries[booking.uid] = Entry(booking, made_for, staff_id, start, end, tenant_id)
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
