"""The index of bookings: by uid in the order they came, and by host and each UTC day they touch.

Apart from the store because it is why one day's slots stay a few milliseconds among thousands of bookings.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from loadtests.calcom_simulator.event_types import Span
from loadtests.calcom_simulator.rows import Booking


class Diary:
    """Bookings, each once."""

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
        for key in _keys(booking):
            self._by_day.setdefault(key, {})[booking.uid] = booking

    def take(self, uid: str) -> Booking:
        booking = self._by_uid.pop(uid)
        for key in _keys(booking):
            day = self._by_day[key]
            del day[uid]
            if not day:
                del self._by_day[key]
        return booking

    def touching(self, host_id: int, span: Span) -> list[Booking]:
        """Return the host's bookings on the days of the span: a superset of those that overlap it."""
        found: dict[str, Booking] = {}
        for key in _days(host_id, span):
            found.update(self._by_day.get(key, {}))
        return list(found.values())


def _keys(booking: Booking) -> Iterator[tuple[int, date]]:
    return _days(booking.host.id, booking.event_type.padded(booking.span))


def _days(host_id: int, span: Span) -> Iterator[tuple[int, date]]:
    day = span.start.date()
    while day <= span.end.date():
        yield host_id, day
        day += timedelta(days=1)
