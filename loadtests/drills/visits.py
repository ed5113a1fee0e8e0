"""One visit in both worlds, with all times it ever had, and whether what its customer was told of changes is true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from loadtests.drills.told import CALLED_OFF, DENIED, KNOWS_NOTHING, SILENT, Changed
from loadtests.drills.worlds import OVER, Held, Row

_NOT_MOVED = frozenset({"failed", "released"})


@dataclass(frozen=True, slots=True)
class Visit:
    """`letters` are appointment and kind of everything that was written to anybody."""

    lineage: str
    rows: Sequence[Row]
    held: Sequence[Held]
    changes: Sequence[Changed]
    letters: Set[tuple[str, str]]

    def is_whole(self, row: Row) -> bool:
        """Tell whether both worlds have this time, and Cal.com knows which one it was moved from."""
        formers = {each.id: each.calcom_uid for each in self.rows if each.state == "moved"}
        booking = Held(row.calcom_uid or "", row.lineage, row.start, formers.get(row.replaces or ""))
        return row.state == "confirmed" and booking in self.held

    @property
    def stands(self) -> bool:
        return any(map(self.is_whole, self.rows))

    @property
    def is_called_off(self) -> bool:
        """Tell whether it is gone because its customer asked for that."""
        return self._is_gone and any(self._may_be_done(each) for each in self.changes if not each.is_move)

    @property
    def _is_gone(self) -> bool:
        return not self.held and all(row.state in OVER for row in self.rows)

    @property
    def is_told_otherwise(self) -> bool:
        """Tell whether it was given up, and its customer was written to."""
        return self._is_gone and any(self._is_written(row, "not-possible", "cancelled") for row in self.rows)

    def lies(self) -> Iterator[str]:
        """Yield every answer about a change that is not so, and every time that nobody asked for."""
        for change in self.changes:
            if change.status != SILENT and not self._is_true(change):
                asked = f"moving {self.lineage} to {change.start}" if change.is_move else f"cancelling {self.lineage}"
                yield f"{asked} was answered {change.label}; it is {self._described()}"
        first = next((row.wished for row in self.rows if row.replaces is None), None)
        wanted = {first, *(each.start for each in self.changes if self._may_be_done(each))}
        yield from (
            f"{row.id} stands at {row.wished}, which nobody asked for"
            for row in self.rows
            if self.is_whole(row) and row.wished not in wanted
        )

    def _is_true(self, change: Changed) -> bool:
        if change.status in DENIED and self._may_be_done(change):
            return True
        if not change.is_move:
            return (bool(self.rows) and self._is_gone) is (change.status in CALLED_OFF)
        if change.status in DENIED:
            # What was asked for once more after this answer does not make the answer false.
            return not any(self._was_reached(row) and row.created_at < change.ended_at for row in self._at(change))
        return any(self._keeps(row, change) for row in self._at(change))

    def _may_be_done(self, change: Changed) -> bool:
        """Tell whether its answer leaves that open: there was none, or it was of the last of several tries only."""
        said = change.times if change.times > 1 else sum(each.step == change.step for each in self.changes)
        return change.status not in DENIED or (change.reason == KNOWS_NOTHING and said > 1)

    def _at(self, change: Changed) -> list[Row]:
        """Return the times that took another's place as this change asks for."""
        return [row for row in self.rows if row.wished == change.start and row.replaces is not None]

    def _was_reached(self, row: Row) -> bool:
        return self.is_whole(row) or row.state == "moved"

    def _keeps(self, row: Row, change: Changed) -> bool:
        """Tell whether a time that was promised is there, was given up for what was asked for later, or by letter."""
        later = [each for each in self.changes if each.step > change.step and self._may_be_done(each)]
        is_given_up = row.state in _NOT_MOVED and change.status != "confirmed"
        return (
            self.is_whole(row)
            or (row.state == "moved" and any(each.is_move for each in later))
            or (row.state == "cancelled" and any(not each.is_move for each in later))
            or (is_given_up and (bool(later) or self._is_written(row, "not-moved")))
        )

    def unwritten(self) -> Iterator[str]:
        """Yield whom a letter is missing that says what became of a change."""
        moves = {each.start for each in self.changes if self._may_be_done(each)}
        for row in self.rows:
            is_move = row.replaces is not None and row.wished in moves
            if is_move and self.is_whole(row) and not self._is_written(row, "moved"):
                yield f"{row.id} was moved to {row.wished}, and nobody wrote to {row.email}"
        off = [row for row in self.rows if row.state == "cancelled"]
        if off and self.is_called_off and not any(self._is_written(row, "called-off") for row in off):
            yield f"{self.lineage} was cancelled, and nobody wrote to {off[0].email}"

    def _is_written(self, row: Row, *kinds: str) -> bool:
        return any((row.id, kind) in self.letters for kind in kinds)

    def _described(self) -> str:
        times = ", ".join(f"{row.state} at {row.wished}" for row in self.rows)
        return f"{times or 'not stored'}, and {len(self.held)} times at Cal.com"
