"""Which slots are free: every host's starts put together, full classes left out, held slots left out.

Apart from the question because this needs the store, and the question only the query.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loadtests.calcom_simulator import availability
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.event_types import EventType, Span
from loadtests.calcom_simulator.reservations import Reservations
from loadtests.calcom_simulator.rows import Booking
from loadtests.calcom_simulator.slot_search import Slot, SlotSearch

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SlotFinder:
    """Answers slot searches."""

    bookings: Bookings
    reservations: Reservations

    def find(self, search: SlotSearch, *, now: datetime) -> list[Slot]:
        kind = search.event_type
        begun = self.bookings.seated(kind, search.within) if kind.seats is not None else []
        spans = (kind.span_from(start) for start in self._starts(search, now=now))
        empty = [Slot(span, None if kind.seats is None else 0) for span in spans]
        slots = [slot for slot in empty if self._is_unheld(search, slot, now=now)]
        return sorted([*slots, *self._with_seats_left(begun, now=now)], key=lambda slot: slot.span.start)

    def find_too_much(self, search: SlotSearch, *, now: datetime) -> list[Slot]:
        """Return also what was not asked for, a day before and a day after, as Cal.com has been seen to."""
        first, last = search.within.start, search.within.end
        return self.find(search.beyond(Span(first - _DAY, last + _DAY)), now=now)

    def _starts(self, search: SlotSearch, *, now: datetime) -> Iterable[datetime]:
        by_host = [set(self._starts_of(search, index, now=now)) for index in range(len(search.event_type.hosts))]
        if not by_host:
            return []
        return set.intersection(*by_host) if search.needs_everybody else set.union(*by_host)

    def _starts_of(self, search: SlotSearch, index: int, *, now: datetime) -> Iterable[datetime]:
        kind, host = search.event_type, search.event_type.hosts[index]
        # A slot may begin at the very end of the range, and then lies beyond it.
        reach = Span(search.within.start, kind.span_from(search.within.end).end)
        busy = self.bookings.busy(host, kind.padded(reach), except_uid=search.rescheduled_uid)
        return availability.free_starts(kind, host, within=search.within, busy=busy, now=now)

    def _is_unheld(self, search: SlotSearch, slot: Slot, *, now: datetime) -> bool:
        return self._held(search.event_type, slot.span, now) < (search.event_type.seats or 1)

    def _with_seats_left(self, rows: Sequence[Booking], *, now: datetime) -> Iterable[Slot]:
        for row in rows:
            kind = row.event_type
            taken = len(row.seats) + self._held(kind, row.span, now)
            if taken < (kind.seats or 0) and kind.bookable(now).start <= row.span.start:
                yield Slot(row.span, len(row.seats), row.uid)

    def _held(self, kind: EventType, span: Span, now: datetime) -> int:
        return len(self.reservations.on(kind, span, now=now))
