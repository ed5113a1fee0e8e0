"""The store: what is booked, under which uid, and what each row said a while ago.

Apart from the availability check on purpose. Cal.com too checks first and inserts second, and only the unique key
of start, end and host stands between two racing inserts.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.diary import Diary
from loadtests.calcom_simulator.errors import LostRace, NotFound
from loadtests.calcom_simulator.event_types import EventType, Host, Span
from loadtests.calcom_simulator.rows import Booking, Status

# Probes book and cancel for weeks; what they cancelled last is enough to look at.
CANCELLED_KEPT = 10_000
# How far back a lagging read can look.
LONGEST_LAG_SECONDS = 3600.0
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_UID_LENGTH = 22


@dataclass(frozen=True, slots=True)
class _Change:
    at: float
    uid: str
    before: Booking | None


class Bookings:
    """All bookings: the live ones, and the last few thousand that were cancelled or rejected."""

    def __init__(self, *, seed: int, first_id: int, clock: Clock, cancelled_kept: int = CANCELLED_KEPT) -> None:
        self.live = Diary()
        self.ended = Diary()
        self._seed = seed
        self._next_id = first_id
        self._clock = clock
        self._cancelled_kept = cancelled_kept
        self._unique_keys: set[uuid.UUID] = set()
        self._series: dict[str, list[str]] = {}
        self._seats: dict[str, str] = {}
        self._changes: deque[_Change] = deque()

    def __iter__(self) -> Iterator[Booking]:
        yield from self.live
        yield from self.ended

    def insert(self, draft: Booking) -> Booking:
        """Store a new booking under a new id; raise LostRace when its host has one of the same start and end."""
        booking = self._identified(draft)
        if booking.unique_key in self._unique_keys:
            raise LostRace
        self._store_new(booking)
        return booking

    def move(self, row: Booking, draft: Booking, *, at: datetime) -> Booking:
        """Cancel the row in favour of a new booking, both or neither; the row's own unique key is free for it."""
        booking = self._identified(draft)
        if booking.unique_key != row.unique_key and booking.unique_key in self._unique_keys:
            raise LostRace
        self.put(row.moved_to(booking, at=at))
        self._store_new(booking)
        return booking

    def put(self, booking: Booking) -> None:
        """Store what a booking has become."""
        before = self.get(booking.uid)
        self._forget(before)
        self._store(booking, before=before)
        while len(self.ended) > self._cancelled_kept:
            self._forget(next(iter(self.ended)))

    def find(self, uid: str) -> Booking | None:
        return self.live.find(uid) or self.ended.find(uid)

    def get(self, uid: str) -> Booking:
        """Raise NotFound when there is none of this uid."""
        booking = self.find(uid)
        if booking is None:
            raise NotFound(f"Booking with uid={uid} was not found in the database")
        return booking

    def series(self, recurring_uid: str) -> list[Booking]:
        """Return the recurrences booked under this uid, in the order of their starts."""
        return sorted((self.get(uid) for uid in self._series.get(recurring_uid, ())), key=lambda row: row.span.start)

    def of_seat(self, seat_uid: str) -> Booking:
        """Raise NotFound when nobody sits under this uid."""
        uid = self._seats.get(seat_uid)
        if uid is None:
            raise NotFound(f"Booking with seatUid={seat_uid} was not found in the database")
        return self.get(uid)

    def busy(self, host: Host, span: Span, *, except_uid: str | None = None) -> list[Span]:
        """Return when the host is taken around this span; a pending booking takes nothing."""
        return [row.event_type.padded(row.span) for row in self._accepted(host, span) if row.uid != except_uid]

    def seated(self, event_type: EventType, within: Span) -> list[Booking]:
        """Return the seated bookings of this type whose start is in the span."""
        rows = [row for host in event_type.hosts for row in self._accepted(host, within)]
        return [
            row for row in rows if row.event_type.id == event_type.id and within.start <= row.span.start <= within.end
        ]

    def before(self, seconds: float) -> Mapping[str, Booking | None]:
        """Return, for every booking written in the last seconds, the row as it was; None where there was none yet."""
        since = self._clock.monotonic() - seconds
        rows: dict[str, Booking | None] = {}
        for change in reversed(self._changes):
            if change.at <= since:
                break
            rows[change.uid] = change.before
        return rows

    def rewrite(self, becomes: Callable[[Booking], Booking]) -> None:
        """Change rows as if what they refer to had always been so: no new version, no later date."""
        for row in list(self):
            changed = becomes(row)
            if changed is not row:
                diary = self.live if row.is_live else self.ended
                diary.take(row.uid)
                diary.put(changed)

    def remember(self, rows: Iterable[Booking]) -> None:
        """Store what a former life has left; its ids and uids are never given again."""
        for row in rows:
            self._store(row, before=None)
            self._next_id = max(self._next_id, row.id + 1)

    def clear(self) -> None:
        """Forget every booking; ids go on, so that none is ever given twice."""
        self.live, self.ended = Diary(), Diary()
        for index in (self._unique_keys, self._series, self._seats, self._changes):
            index.clear()

    def new_uid(self, host: Host, span: Span, now: datetime, *, salt: str = "") -> str:
        # The time of creation is part of it: a restarted simulator must not give out the uids of its former life.
        start, made = wire.utc_text(span.start), wire.utc_text(now)
        number = uuid.uuid5(
            uuid.NAMESPACE_URL, f"{self._seed}:{self._next_id}:{host.username}:{start}:{made}{salt}"
        ).int
        letters = []
        for _ in range(_UID_LENGTH):
            number, index = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[index])
        return "".join(letters)

    def _identified(self, draft: Booking) -> Booking:
        uid = self.new_uid(draft.host, draft.span, draft.created_at)
        return replace(draft, id=self._next_id, uid=uid)

    def _store_new(self, booking: Booking) -> None:
        self._next_id += 1
        self._store(booking, before=None)

    def _accepted(self, host: Host, span: Span) -> list[Booking]:
        return [row for row in self.live.touching(host.id, span) if row.status is Status.ACCEPTED]

    def _store(self, booking: Booking, *, before: Booking | None) -> None:
        (self.live if booking.is_live else self.ended).put(booking)
        if booking.unique_key is not None:
            self._unique_keys.add(booking.unique_key)
        if booking.recurring_uid is not None:
            self._series.setdefault(booking.recurring_uid, []).append(booking.uid)
        self._seats.update({seat.uid: booking.uid for seat in booking.seats})
        self._record(_Change(self._clock.monotonic(), booking.uid, before))

    def _forget(self, booking: Booking) -> None:
        (self.live if booking.is_live else self.ended).take(booking.uid)
        if booking.unique_key is not None:
            self._unique_keys.discard(booking.unique_key)
        if booking.recurring_uid is not None:
            self._leave_series(booking.recurring_uid, booking.uid)
        for seat in booking.seats:
            self._seats.pop(seat.uid, None)

    def _leave_series(self, recurring_uid: str, uid: str) -> None:
        rest = [each for each in self._series[recurring_uid] if each != uid]
        if rest:
            self._series[recurring_uid] = rest
        else:
            del self._series[recurring_uid]

    def _record(self, change: _Change) -> None:
        self._changes.append(change)
        while self._changes[0].at < change.at - LONGEST_LAG_SECONDS:
            self._changes.popleft()
