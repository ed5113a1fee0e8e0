"""The calendar in the other world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from booking_core.domain.discrepancies import ListedBooking, Window
from booking_core.domain.models import Appointment, Offering, Tenant


class CalcomStatus(StrEnum):
    """How a booking stands at Cal.com."""

    ACCEPTED = "accepted"
    PENDING = "pending"  # the salon has to accept it
    CANCELLED = "cancelled"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class CalcomBooking:
    """A booking as Cal.com tells it; one that was moved names its successor."""

    uid: str
    status: CalcomStatus = CalcomStatus.ACCEPTED
    start: datetime | None = None
    moved_to: str | None = None
    end: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.status in {CalcomStatus.ACCEPTED, CalcomStatus.PENDING}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which bookings to list; a bound that is None does not limit."""

    window: Window | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a listing, oldest booking first."""

    bookings: Sequence[ListedBooking]
    has_more: bool


class FreeSlots(Protocol):
    """When a member of staff is free, as far as Cal.com knows. It may be remembered: hints, never promises."""

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]: ...


class Calcom(Protocol):
    """The calendar in the other world.

    Every method raises CalcomUnavailable, CalcomRateLimited or CalcomRejected when the request was not executed,
    and CalcomOutcomeUnknown when it may have been; CalcomStatusUnknown for a booking in a state we have no word for.
    """

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]: ...

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        """Book it; also raises SlotTaken and TimeNotBookable."""
        ...

    async def reschedule(self, tenant: Tenant, uid: str, start: datetime, *, reason: str) -> CalcomBooking:
        """Move it: the answer is a new booking, the old one is cancelled. Raises what `create` raises."""
        ...

    async def get(self, tenant: Tenant, uid: str) -> CalcomBooking | None:
        """Return how it stands, dead or alive; None if Cal.com does not know it."""
        ...

    async def find(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking | None:
        """Look for it, alive, by our own metadata; also finds what an unanswered create has made."""
        ...

    async def listed(self, tenant: Tenant, listing: Listing, *, skip: int, take: int) -> Page:
        """List bookings of every status. Rows shift while paging, so pages must overlap."""
        ...

    async def cancel(self, tenant: Tenant, uid: str, *, reason: str) -> None:
        """Cancel it; a booking that is already cancelled is a success."""
        ...
