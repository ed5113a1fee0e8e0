"""GET /v2/bookings: filters, order and offset paging.

Apart from the store because the filter's status words (upcoming, past, ...) are not the bookings' own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.errors import InvalidInput
from loadtests.calcom_simulator.event_types import EventTypes, Span
from loadtests.calcom_simulator.reading import Snapshot
from loadtests.calcom_simulator.rows import Booking, Status

STATUS_WORDS = ("upcoming", "recurring", "past", "cancelled", "unconfirmed")
MAXIMUM_TAKE = 250
DEFAULT_TAKE = 100
# A look-up for one booking asks for minutes; beyond this many days walking the whole store is as quick.
NARROW_DAYS = 31


def _changed_at(booking: Booking) -> datetime:
    return booking.updated_at or booking.created_at


Test = Callable[[Booking], bool]
_MOMENTS: Mapping[str, Callable[[Booking, datetime], bool]] = {
    "afterStart": lambda booking, moment: booking.span.start >= moment,
    "beforeEnd": lambda booking, moment: booking.span.end <= moment,
    "afterCreatedAt": lambda booking, moment: booking.created_at >= moment,
    "beforeCreatedAt": lambda booking, moment: booking.created_at <= moment,
    "afterUpdatedAt": lambda booking, moment: _changed_at(booking) >= moment,
    "beforeUpdatedAt": lambda booking, moment: _changed_at(booking) <= moment,
}
_ORDERS: Mapping[str, Callable[[Booking], datetime]] = {
    "sortStart": lambda booking: booking.span.start,
    "sortEnd": lambda booking: booking.span.end,
    "sortCreated": lambda booking: booking.created_at,
    "sortUpdatedAt": _changed_at,
}
_TEXTS: Mapping[str, Callable[[Booking], frozenset[str]]] = {
    "attendeeEmail": lambda booking: frozenset(who.email for who in booking.attendees),
    "attendeeName": lambda booking: frozenset(who.name for who in booking.attendees),
    "bookingUid": lambda booking: frozenset({booking.uid}),
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page and where it lies in the whole."""

    bookings: Sequence[Booking]
    total: int
    take: int
    skip: int

    def pagination(self) -> dict[str, Any]:
        returned = len(self.bookings)
        return {
            "totalItems": self.total,
            "remainingItems": max(self.total - self.skip - returned, 0),
            "returnedItems": returned,
            "itemsPerPage": self.take,
            "currentPage": self.skip // self.take + 1,
            "totalPages": -(-self.total // self.take),
            "hasNextPage": self.skip + returned < self.total,
            "hasPreviousPage": self.skip > 0,
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """A valid list request."""

    account_id: int
    statuses: frozenset[str]
    event_type_ids: frozenset[int] | None
    moments: Mapping[str, datetime]
    texts: Mapping[str, str]
    orders: Sequence[tuple[str, bool]]
    take: int
    skip: int

    @classmethod
    def read(cls, query: Mapping[str, str], *, account_id: int) -> Listing:
        """Raise InvalidInput; names Cal.com does not know are ignored, as it ignores them."""
        return cls(
            account_id=account_id,
            statuses=_statuses(query),
            event_type_ids=_event_type_ids(query),
            moments={name: _moment(query, name) for name in _MOMENTS if name in query},
            texts={name: query[name] for name in _TEXTS if name in query},
            orders=[(name, _descends(query, name)) for name in _ORDERS if name in query],
            take=_whole(query, "take", default=DEFAULT_TAKE, low=1, high=MAXIMUM_TAKE),
            skip=_whole(query, "skip", default=0, low=0, high=10**9),
        )

    def page(self, seen: Snapshot, event_types: EventTypes, *, now: datetime) -> Page:
        tests = list(self._tests(now))
        found = [booking for booking in self._candidates(seen, event_types) if all(test(booking) for test in tests)]
        found.sort(key=lambda booking: (booking.span.start, booking.id))
        # Stable sorts from the last to the first give the first its precedence.
        for name, descends in reversed(self.orders):
            found.sort(key=_ORDERS[name], reverse=descends)
        return Page(found[self.skip : self.skip + self.take], len(found), self.take, self.skip)

    def _candidates(self, seen: Snapshot, event_types: EventTypes) -> Iterable[Booking]:
        with_ended = not self.statuses or "cancelled" in self.statuses
        start, end = self.moments.get("afterStart"), self.moments.get("beforeEnd")
        if self.event_type_ids is None or start is None or end is None or end - start > timedelta(days=NARROW_DAYS):
            return seen.all(with_ended=with_ended)
        kinds = (event_types.find(each) for each in self.event_type_ids)
        hosts = sorted({host.id for kind in kinds if kind is not None for host in kind.hosts})
        return seen.touching(hosts, Span(start, end), with_ended=with_ended)

    def _tests(self, now: datetime) -> Iterable[Test]:
        yield lambda booking: booking.event_type.owner.id == self.account_id
        if self.statuses:
            yield lambda booking: bool(_words(booking, now) & self.statuses)
        if self.event_type_ids is not None:
            wanted = self.event_type_ids
            yield lambda booking: booking.event_type.id in wanted and not booking.event_type.is_deleted
        yield lambda booking: all(_MOMENTS[name](booking, moment) for name, moment in self.moments.items())
        yield lambda booking: all(text in _TEXTS[name](booking) for name, text in self.texts.items())


def _words(booking: Booking, now: datetime) -> frozenset[str]:
    """Return the words of the filter that select this booking."""
    if not booking.is_live:
        return frozenset({"cancelled"})
    if booking.span.end < now:
        return frozenset({"past"})
    if booking.status is Status.PENDING:
        return frozenset({"unconfirmed"})
    return frozenset({"upcoming"} if booking.recurring_uid is None else {"upcoming", "recurring"})


def _statuses(query: Mapping[str, str]) -> frozenset[str]:
    if "status" not in query:
        return frozenset()
    words = frozenset(word.strip() for word in query["status"].split(","))
    if not words <= set(STATUS_WORDS):
        raise InvalidInput(f"Invalid status. Allowed are {', '.join(STATUS_WORDS)}")
    return words


def _event_type_ids(query: Mapping[str, str]) -> frozenset[int] | None:
    names = [query[name] for name in ("eventTypeId", "eventTypeIds") if name in query]
    # No team has an id here: the studio is found by its slug.
    if "teamId" in query or "teamsIds" in query:
        return frozenset()
    if not names:
        return None
    numbers = [wire.whole_number(text.strip()) for name in names for text in name.split(",")]
    if None in numbers:
        raise InvalidInput("eventTypeId and eventTypeIds must be whole numbers, several separated by a comma")
    return frozenset(number for number in numbers if number is not None)


def _moment(query: Mapping[str, str], name: str) -> datetime:
    try:
        return wire.instant(query[name])
    except ValueError as error:
        raise InvalidInput(f"{name} must be a valid ISO 8601 date.") from error


def _descends(query: Mapping[str, str], name: str) -> bool:
    if query[name] not in {"asc", "desc"}:
        raise InvalidInput(f'{name} must be either "asc" or "desc".')
    return query[name] == "desc"


def _whole(query: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    number = wire.whole_number(query.get(name, str(default)))
    if number is None or not low <= number <= high:
        raise InvalidInput(f"{name} must be a whole number between {low} and {high}")
    return number
