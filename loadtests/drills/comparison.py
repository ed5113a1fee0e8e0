"""Both worlds and what callers were told, visit by visit: what is lost, doubled, overlapping, orphaned or a lie.

Apart from the drill because it is arithmetic, and the drill is worth no more than this is right.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from loadtests.drills.told import DENIED, KNOWS_NOTHING, PROMISED, Changed, Told
from loadtests.drills.visits import Visit
from loadtests.drills.worlds import OCCUPYING, UNSETTLED, Held, Letter, Row


@dataclass(frozen=True, slots=True)
class Findings:
    """What the comparison found: one sentence for each thing that must not be."""

    told: Mapping[str, int]
    moving: Mapping[str, int]
    cancelling: Mapping[str, int]
    states: Mapping[str, int]
    live: int
    wrong: Mapping[str, Sequence[str]]

    @property
    def is_clean(self) -> bool:
        return not any(self.wrong.values())


@dataclass(frozen=True)
class Comparison:
    """Everything that is known at the end."""

    told: Sequence[Told]
    rows: Sequence[Row]
    held: Sequence[Held]
    letters: Sequence[Letter]
    changes: Sequence[Changed] = ()

    def findings(self) -> Findings:
        visits = self._visits.values()
        wrong = {
            "lost": list(self._lost()),
            "doubled": list(self._doubled()),
            "overlaps": list(self._overlaps()),
            "orphans": list(self._orphans()),
            "lies": [*self._lies(), *(lie for visit in visits for lie in visit.lies())],
            "unwritten": [*self._unwritten(), *(each for visit in visits for each in visit.unwritten())],
            "unsettled": [f"{row.id} is {row.state}" for row in self.rows if row.state in UNSETTLED],
        }
        return Findings(
            told=Counter(each.status for each in self.told),
            moving=Counter(each.label for each in self.changes if each.is_move),
            cancelling=Counter(each.label for each in self.changes if not each.is_move),
            states=Counter(row.state for row in self.rows),
            live=len(self.held),
            wrong=wrong,
        )

    @cached_property
    def _lineages(self) -> Mapping[str, str]:
        return {row.id: row.lineage for row in self.rows}

    @cached_property
    def _visits(self) -> Mapping[str, Visit]:
        """Return everything that is stored or said of each visit, also of those that are not stored here."""
        rows, live, changes = defaultdict(list), defaultdict(list), defaultdict(list)
        for row in sorted(self.rows, key=lambda row: row.created_at):
            rows[row.lineage].append(row)
        for booking in self.held:
            live[booking.booking].append(booking)
        for change in self.changes:
            changes[self._lineages.get(change.appointment_id, change.appointment_id)].append(change)
        letters = {(letter.appointment_id, letter.kind) for letter in self.letters}
        every = dict.fromkeys([*rows, *live, *changes])
        return {each: Visit(each, rows[each], live[each], changes[each], letters) for each in every}

    def _visit(self, told: Told) -> Visit | None:
        return self._visits.get(self._lineages.get(told.appointment_id or "", ""))

    def _lost(self) -> Iterator[str]:
        promised = set()
        for each in self.told:
            if each.status not in PROMISED:
                continue
            visit = self._visit(each)
            if visit is None:
                yield f"{each.appointment_id} was {each.status} to {each.wish.phone} and is not stored"
                continue
            promised.add(visit.lineage)
            if not (visit.stands or visit.is_told_otherwise or visit.is_called_off):
                states = ", ".join(row.state for row in visit.rows)
                yield f"{visit.lineage} was {each.status} to {each.wish.phone} and is {states}, without notice"
        for row in self.rows:
            if row.state == "confirmed" and row.lineage not in promised and not self._is_whole(row):
                yield f"{row.id} is confirmed here and not at Cal.com"

    def _is_whole(self, row: Row) -> bool:
        return self._visits[row.lineage].is_whole(row)

    def _doubled(self) -> Iterator[str]:
        for visit in self._visits.values():
            if len(visit.held) > 1:
                yield f"{visit.lineage} lives {len(visit.held)} times at Cal.com"
            times = sum(row.state == "confirmed" for row in visit.rows)
            if times > 1:
                yield f"{visit.lineage} is confirmed at {times} times"
        wishes = Counter((row.phone, row.wished) for row in self.rows if self._is_whole(row))
        yield from (f"{wish} has {times} appointments" for wish, times in wishes.items() if times > 1)

    def _overlaps(self) -> Iterator[str]:
        by_staff: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.state in OCCUPYING:
                by_staff[row.staff].append(row)
        for rows in by_staff.values():
            rows.sort(key=lambda row: row.start)
            longest: Row | None = None
            for row in rows:
                if longest is not None and row.start < longest.end:
                    yield f"{longest.id} and {row.id} share {row.staff}'s chair"
                longest = row if longest is None or row.end > longest.end else longest

    def _orphans(self) -> Iterator[str]:
        for visit in self._visits.values():
            ours = {row.calcom_uid for row in visit.rows if row.state == "confirmed"}
            states = ", ".join(row.state for row in visit.rows) or "not stored"
            for each in visit.held:
                if each.uid not in ours:
                    yield f"{each.uid} lives at Cal.com for {visit.lineage}, which is {states}"

    def _lies(self) -> Iterator[str]:
        made: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.state == "moved" or self._is_whole(row):
                made[row.phone, row.wished].append(row)
        for each in self.told:
            visit = self._visit(each)
            if each.status == "confirmed" and not (visit and (visit.held or visit.is_called_off)):
                yield f"{each.wish.phone} was told {each.appointment_id} is confirmed; it does not live at Cal.com"
            if each.status not in DENIED or self._is_about_this_try_only(each):
                continue
            for row in made[each.wish.phone, each.wish.start]:
                # What a copy of the wish made after this answer does not make the answer false.
                if row.created_at < each.ended_at:
                    yield f"{row.phone} was told {each.status} ({each.reason}); {row.id} was made"

    def _is_about_this_try_only(self, told: Told) -> bool:
        said = told.times if told.times > 1 else sum(each.wish == told.wish for each in self.told)
        return told.reason == KNOWS_NOTHING and said > 1

    def _unwritten(self) -> Iterator[str]:
        """Yield who was promised that we will confirm, and then not written to when we did."""
        written = {(letter.appointment_id, letter.kind) for letter in self.letters}
        for each in self.told:
            visit = self._visit(each)
            # Who has changed it since gets the letter about that.
            if each.status != "queued" or visit is None or visit.changes or not visit.stands:
                continue
            if (each.appointment_id, "confirmed") not in written:
                yield f"{each.appointment_id} was confirmed, and nobody wrote to {each.wish.email}"
