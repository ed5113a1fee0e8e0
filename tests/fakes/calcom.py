from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from booking_core.domain.errors import BookingError
from booking_core.domain.models import Appointment, Offering, Tenant
from booking_core.domain.ports import CalcomBooking


class FakeCalcom:
    """Books everything, remembers what it was asked, and fails on demand; `books_unseen` books and then fails."""

    def __init__(self) -> None:
        self.free: list[datetime] = []
        self.created: list[Appointment] = []
        self.cancelled: list[str] = []
        self.error: BookingError | Exception | None = None
        self.books_unseen = False
        self.hides = False  # lists lag behind

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]:
        self._fail()
        return [slot for slot in self.free if start <= slot < end]

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        if self.error is None or self.books_unseen:
            self.created.append(appointment)
        self._fail()
        return CalcomBooking(f"uid-{len(self.created)}", "accepted")

    async def find(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking | None:
        if not self.books_unseen:
            self._fail()
        uids = {each.id: f"uid-{number}" for number, each in enumerate(self.created, 1)}
        return None if self.hides or appointment.id not in uids else CalcomBooking(uids[appointment.id], "accepted")

    async def cancel(self, tenant: Tenant, uid: str, *, reason: str) -> None:
        self._fail()
        self.cancelled.append(uid)

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error
