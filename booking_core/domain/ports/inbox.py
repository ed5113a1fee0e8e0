"""What others told us, and what we know by it of Cal.com's bookings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from booking_core.domain.calcom_news import CalcomFact, KnownBooking
from booking_core.domain.webhooks import Delivery, DeliveryState, Result


class Inbox(Protocol):
    """What others told us, each telling once."""

    async def store(self, delivery: Delivery) -> bool:
        """Store it unless the same bytes from the same source are here already; return whether it was stored."""
        ...

    async def find(self, tenant_id: UUID, delivery_id: UUID) -> Delivery | None: ...

    async def processed(self, delivery_id: UUID, result: Result, *, at: datetime) -> None:
        """Record what became of it. What has once changed something is remembered as such."""
        ...

    async def listed(
        self, *, states: Sequence[DeliveryState], since: datetime | None, at_most: int
    ) -> Sequence[Delivery]:
        """Return the newest deliveries in these states, newest first, received since then."""
        ...

    async def reopen(self, delivery_id: UUID) -> None:
        """Let it be acted upon once more, with all its tries. That it has changed something is remembered."""
        ...

    async def drop_bodies(self, processed_before: datetime) -> int:
        """Forget what was said in deliveries that were processed before; return in how many."""
        ...

    async def was_applied(self, tenant_id: UUID, subject: str) -> bool:
        """Tell whether a delivery about this subject has changed anything."""
        ...

    async def waiting(self, received_before: datetime, *, at_most: int) -> Sequence[Delivery]:
        """Return what nobody has acted upon yet, oldest first."""
        ...

    async def stumbled(self, delivery_id: UUID, error: str, *, is_last: bool) -> None:
        """Record a try that went wrong; the last one leaves it to a person."""
        ...


class CalcomBookings(Protocol):
    """What Cal.com has ever told us of its bookings, ours and others'."""

    async def learn(self, tenant_id: UUID, fact: CalcomFact) -> None:
        """Add to what is known of this booking. The order of learning, and learning twice, makes no difference."""
        ...

    async def owner(self, tenant_id: UUID, uids: Sequence[str]) -> UUID | None:
        """Return the appointment that one of these bookings is known to be made for."""
        ...

    async def taken(
        self, tenant_id: UUID, staff_ids: Sequence[UUID], start: datetime, end: datetime
    ) -> Sequence[tuple[UUID, datetime, datetime]]:
        """Return (staff id, start, end) of what others have booked past us and what touches the period: a hint."""
        ...

    async def made_for(self, tenant_id: UUID, appointment_id: UUID) -> Sequence[KnownBooking]:
        """Return every booking made for this appointment, with all that those were moved to."""
        ...
