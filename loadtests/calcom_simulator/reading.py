"""The bookings as a read sees them: as they are, or as they were before the newest writes arrived.

Apart from the store because only reads may lag; a write always meets the rows as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.event_types import Span
from loadtests.calcom_simulator.rows import Booking


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store under a layer of older rows; None hides one that did not exist yet."""

    bookings: Bookings
    older: Mapping[str, Booking | None]

    def find(self, uid: str) -> Booking | None:
        return self.older[uid] if uid in self.older else self.bookings.find(uid)

    def series(self, recurring_uid: str) -> Sequence[Booking]:
        return self._overlaid(self.bookings.series(recurring_uid))

    def all(self, *, with_ended: bool) -> Iterable[Booking]:
        """Return every booking; without the ended ones only what can still be live."""
        rows = self.bookings if with_ended else self.bookings.live
        return self._complete(rows)

    def touching(self, host_ids: Iterable[int], span: Span, *, with_ended: bool) -> Iterable[Booking]:
        """Return a superset of what these hosts have in the span."""
        diaries = [self.bookings.live, self.bookings.ended] if with_ended else [self.bookings.live]
        return self._complete(row for diary in diaries for host in host_ids for row in diary.touching(host, span))

    def _complete(self, rows: Iterable[Booking]) -> Iterable[Booking]:
        """Add the older rows too, wherever they are now: the filters of the list choose among them."""
        yield from (row for row in rows if row.uid not in self.older)
        yield from (row for row in self.older.values() if row is not None)

    def _overlaid(self, rows: Sequence[Booking]) -> Sequence[Booking]:
        seen = (self.find(row.uid) for row in rows)
        return [row for row in seen if row is not None]
