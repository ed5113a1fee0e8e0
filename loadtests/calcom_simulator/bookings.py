"""The store: bookings by uid, and by host and day, so that one day's slots stay a few milliseconds among thousands.

Apart from the availability check on purpose. Cal.com too checks first and inserts second, and only the unique key
of start, end and host stands between two racing inserts.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.errors import BadRequest, Conflict, NotFound
from loadtests.calcom_simulator.event_types import EventType, Span

# Probes book and cancel for weeks; what they cancelled last is enough to look at.
CANCELLED_KEPT = 10_000
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_UID_LENGTH = 22


class Status(StrEnum):
    """A booking's own status, not the words of the list filter."""

    ACCEPTED = "accepted"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Attendee:
    """Who comes."""

    name: str
    email: str
    zone: str
    phone_number: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A create request that has passed validation."""

    start: datetime
    attendee: Attendee
    event_type_id: int | None = None
    event_type_slug: str | None = None
    username: str | None = None
    guests: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    responses: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Booking:
    """A row of the booking table."""

    id: int
    uid: str
    event_type: EventType
    span: Span
    order: Order
    created_at: datetime
    updated_at: datetime | None = None
    status: Status = Status.ACCEPTED
    cancellation_reason: str | None = None
    cancelled_by: str | None = None

    @property
    def unique_key(self) -> uuid.UUID:
        """The column that makes the second of two identical inserts fail."""
        host = self.event_type.host.id
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{self.span.start.isoformat()}.{self.span.end.isoformat()}.{host}")

    def cancelled(self, *, reason: str | None, by: str | None, at: datetime) -> Booking:
        return replace(self, status=Status.CANCELLED, cancellation_reason=reason, cancelled_by=by, updated_at=at)


class Diary:
    """Bookings by uid in the order they came, and by host and each UTC day they touch."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Booking] = {}
        self._by_day: dict[tuple[int, date], dict[str, Booking]] = {}

    def __len__(self) -> int:
        return len(self._by_uid)

    def __iter__(self) -> Iterator[Booking]:
        return iter(self._by_uid.values())

    def find(self, uid: str) -> Booking | None:
        return self._by_uid.get(uid)

    def put(self, booking: Booking) -> None:
        self._by_uid[booking.uid] = booking
        for key in _keys(booking.event_type.host.id, booking.span):
            self._by_day.setdefault(key, {})[booking.uid] = booking

    def take(self, uid: str) -> Booking:
        booking = self._by_uid.pop(uid)
        for key in _keys(booking.event_type.host.id, booking.span):
            day = self._by_day[key]
            del day[uid]
            if not day:
                del self._by_day[key]
        return booking

    def take_oldest(self) -> Booking:
        return self.take(next(iter(self._by_uid)))

    def touching(self, host_id: int, span: Span) -> list[Booking]:
        """Return the host's bookings on the days of the span: a superset of those that overlap it."""
        found: dict[str, Booking] = {}
        for key in _keys(host_id, span):
            found.update(self._by_day.get(key, {}))
        return list(found.values())


def _keys(host_id: int, span: Span) -> Iterator[tuple[int, date]]:
    day = span.start.date()
    while day <= span.end.date():
        yield host_id, day
        day += timedelta(days=1)


class Bookings:
    """All bookings: accepted ones until they are cancelled, the last few thousand cancelled ones after."""

    def __init__(self, *, seed: int, first_id: int, cancelled_kept: int = CANCELLED_KEPT) -> None:
        self.accepted = Diary()
        self.cancelled = Diary()
        self._seed = seed
        self._next_id = first_id
        self._cancelled_kept = cancelled_kept
        self._unique_keys: set[uuid.UUID] = set()

    def busy(self, event_type: EventType, span: Span, *, except_uid: str | None = None) -> list[Span]:
        touching = self.accepted.touching(event_type.host.id, span)
        return [booking.span for booking in touching if booking.uid != except_uid]

    def insert(self, order: Order, event_type: EventType, *, now: datetime) -> Booking:
        """Store the booking; raise Conflict when the same host already has one from the same start to the same end."""
        span = event_type.span_from(order.start)
        uid = self._uid(event_type, span, now)
        booking = Booking(self._next_id, uid, event_type, span, order, created_at=now)
        if booking.unique_key in self._unique_keys:
            raise Conflict("booking_conflict_error")
        self._next_id += 1
        self._unique_keys.add(booking.unique_key)
        self.accepted.put(booking)
        return booking

    def get(self, uid: str) -> Booking:
        """Raise NotFound when there is none of this uid."""
        booking = self.accepted.find(uid) or self.cancelled.find(uid)
        if booking is None:
            raise NotFound(f"Booking with uid={uid} was not found in the database")
        return booking

    def get_cancellable(self, uid: str) -> Booking:
        """Raise BadRequest when it is cancelled already."""
        booking = self.get(uid)
        if booking.status is Status.CANCELLED:
            raise BadRequest("This booking has already been cancelled.")
        return booking

    def cancel(self, cancelled: Booking) -> None:
        """Put the cancelled row in place of the accepted one; its slot and its unique key are free again."""
        self.get_cancellable(cancelled.uid)
        self._unique_keys.discard(self.accepted.take(cancelled.uid).unique_key)
        self.cancelled.put(cancelled)
        while len(self.cancelled) > self._cancelled_kept:
            self.cancelled.take_oldest()

    def clear(self) -> None:
        """Forget every booking; ids go on, so that none is ever given twice."""
        self.accepted, self.cancelled = Diary(), Diary()
        self._unique_keys.clear()

    def _uid(self, event_type: EventType, span: Span, now: datetime) -> str:
        # The time of creation is part of it: a restarted simulator must not give out the uids of its former life.
        name = (
            f"{self._seed}:{self._next_id}:{event_type.host.username}:{wire.utc_text(span.start)}:{wire.utc_text(now)}"
        )
        number = uuid.uuid5(uuid.NAMESPACE_URL, name).int
        letters = []
        for _ in range(_UID_LENGTH):
            number, index = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[index])
        return "".join(letters)
