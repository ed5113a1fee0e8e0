"""Both worlds and what callers were told, row by row: what is lost, doubled, overlapping, orphaned or a lie.

Apart from the drill because it is arithmetic, and the drill is worth no more than this is right.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loadtests.drills.wishes import Wish

PROMISED = frozenset({"confirmed", "queued"})
DENIED = frozenset({"refused", "failed"})
UNSETTLED = frozenset({"creating", "queued", "unknown", "cancelling"})
_OCCUPYING = UNSETTLED | {"confirmed", "pending"}
_CALLED_OFF = frozenset({"cancelled", "noted"})
# What had failed or was released anyway is as gone as what was cancelled.
_OFF = frozenset({"cancelled", "failed", "released"})
_LIVE = frozenset({"accepted", "pending"})


@dataclass(frozen=True, slots=True)
class Told:
    """What one caller was told in the end; `silent` if there never was an answer."""

    wish: Wish
    status: str
    ended_at: datetime
    appointment_id: str | None = None
    reason: str | None = None
    times: int = 1  # how often the caller had to say it until there was an answer


@dataclass(frozen=True, slots=True)
class Regret:
    """What a caller who cancelled was told: `cancelled`, `noted` (will be carried out), or that it cannot be."""

    appointment_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Row:
    """One appointment in PostgreSQL; `wished` is the start as a caller says it."""

    id: str
    state: str
    calcom_uid: str | None
    phone: str
    email: str | None
    staff: str
    wished: str
    start: datetime
    end: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """One live booking at Cal.com that carries one of our ids."""

    uid: str
    booking: str


def held(bookings: Sequence[Mapping[str, Any]]) -> list[Held]:
    """Return what lives at Cal.com through us, without the probe's."""
    return [
        Held(each["uid"], each["metadata"]["bc_booking"])
        for each in bookings
        if each["status"] in _LIVE
        and "bc_booking" in each.get("metadata", {})
        and each["metadata"].get("bc_traffic") != "synthetic"
    ]


@dataclass(frozen=True, slots=True)
class Findings:
    """What the comparison found: one sentence for each thing that must not be."""

    told: Mapping[str, int]
    cancelling: Mapping[str, int]
    states: Mapping[str, int]
    live: int
    wrong: Mapping[str, Sequence[str]]

    @property
    def is_clean(self) -> bool:
        return not any(self.wrong.values())


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that is known at the end; `noticed` are the addresses that got any mail."""

    told: Sequence[Told]
    rows: Sequence[Row]
    held: Sequence[Held]
    noticed: Set[str]
    regrets: Sequence[Regret] = ()

    def findings(self) -> Findings:
        wrong = {
            "lost": list(self._lost()),
            "doubled": list(self._doubled()),
            "overlaps": list(self._overlaps()),
            "orphans": list(self._orphans()),
            "lies": [*self._lies(), *self._lies_to_who_cancelled()],
            "unsettled": [f"{row.id} is {row.state}" for row in self.rows if row.state in UNSETTLED],
        }
        states = Counter(row.state for row in self.rows)
        told, cancelling = (Counter(each.status for each in answers) for answers in (self.told, self.regrets))
        return Findings(told, cancelling, states, len(self.held), wrong)

    def _is_whole(self, row: Row) -> bool:
        return row.state == "confirmed" and Held(row.calcom_uid or "", row.id) in self.held

    def _lost(self) -> Iterator[str]:
        rows = {row.id: row for row in self.rows}
        for each in self.told:
            if each.status not in PROMISED:
                continue
            row = rows.get(each.appointment_id or "")
            if row is None:
                yield f"{each.appointment_id} was {each.status} to {each.wish.phone} and is not stored"
            elif not (self._is_whole(row) or self._is_told_otherwise(row) or self._is_called_off(row)):
                yield f"{row.id} was {each.status} to {row.phone} and is {row.state}, not whole, without notice"
        promised = {each.appointment_id for each in self.told}
        for row in self.rows:
            if row.state == "confirmed" and row.id not in promised and not self._is_whole(row):
                yield f"{row.id} is confirmed here and not at Cal.com"

    def _is_told_otherwise(self, row: Row) -> bool:
        return row.state == "failed" and row.email in self.noticed

    def _is_called_off(self, row: Row) -> bool:
        return row.state == "cancelled" and row.id in {each.appointment_id for each in self.regrets}

    def _doubled(self) -> Iterator[str]:
        for booking, times in Counter(each.booking for each in self.held).items():
            if times > 1:
                yield f"{booking} lives {times} times at Cal.com"
        live = {each.booking for each in self.held}
        wishes = Counter((row.phone, row.wished) for row in self.rows if row.id in live)
        yield from (f"{wish} has {times} appointments" for wish, times in wishes.items() if times > 1)

    def _overlaps(self) -> Iterator[str]:
        by_staff: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.state in _OCCUPYING:
                by_staff[row.staff].append(row)
        for rows in by_staff.values():
            rows.sort(key=lambda row: row.start)
            longest: Row | None = None
            for row in rows:
                if longest is not None and row.start < longest.end:
                    yield f"{longest.id} and {row.id} share {row.staff}'s chair"
                longest = row if longest is None or row.end > longest.end else longest

    def _orphans(self) -> Iterator[str]:
        rows = {row.id: row for row in self.rows}
        for each in self.held:
            row = rows.get(each.booking)
            if row is None or not self._is_ours(row, each):
                yield f"{each.uid} lives at Cal.com for {each.booking}, which is {row.state if row else 'not stored'}"

    @staticmethod
    def _is_ours(row: Row, booking: Held) -> bool:
        return row.state == "confirmed" and row.calcom_uid == booking.uid

    def _lies(self) -> Iterator[str]:
        live = {each.booking for each in self.held}
        called_off = {row.id for row in self.rows if self._is_called_off(row)}
        made: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.id in live:
                made[row.phone, row.wished].append(row)
        for each in self.told:
            if each.status == "confirmed" and each.appointment_id not in live | called_off:
                yield f"{each.wish.phone} was told {each.appointment_id} is confirmed; it does not live at Cal.com"
            if each.status not in DENIED or self._is_about_this_try_only(each):
                continue
            for row in made[each.wish.phone, each.wish.start]:
                # What a copy of the wish made after this answer does not make the answer false.
                if row.created_at < each.ended_at:
                    yield f"{row.phone} was told {each.status} ({each.reason}); {row.id} lives at Cal.com"

    def _is_about_this_try_only(self, told: Told) -> bool:
        """A core that cannot reach its database cannot know, and does not say, what became of the same wish before."""
        said = told.times if told.times > 1 else sum(each.wish == told.wish for each in self.told)
        return told.reason == "database_unavailable" and said > 1

    def _lies_to_who_cancelled(self) -> Iterator[str]:
        rows, live = {row.id: row for row in self.rows}, {each.booking for each in self.held}
        for each in self.regrets:
            row = rows.get(each.appointment_id)
            state = row.state if row else "not stored"
            is_off = state in _OFF and each.appointment_id not in live
            # Whoever never got an answer was told nothing untrue.
            if each.status != "silent" and is_off is not (each.status in _CALLED_OFF):
                yield f"cancelling {each.appointment_id} was answered {each.status}; it is {state}"
