from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from booking_core.domain.letters import ENDINGS, FIRST_TRY_AFTER, DueLetter, LetterKind, LetterResult, revision_of
from booking_core.domain.models import Appointment
from tests.fakes.clock import FakeClock
from tests.fakes.rows import Stored, StoredLetter


@dataclass
class FakeLetters:
    rows: Stored
    clock: FakeClock

    async def put_down(self, appointment: Appointment, kind: LetterKind) -> None:
        key = appointment.id, kind, revision_of(appointment, kind)
        has_ended = any((appointment.id, ending, 0) in self.rows.letters for ending in ENDINGS)
        if key in self.rows.letters or (kind in ENDINGS and has_ended):
            return
        now = self.clock.now()
        due = DueLetter(appointment.tenant_id, appointment.id, kind, now, revision=key[2])
        self.rows.letters[key] = StoredLetter(due, now + FIRST_TRY_AFTER)

    async def untried(self, appointment_id: UUID) -> Sequence[DueLetter]:
        return [
            each.due for each in self._waiting() if each.due.appointment_id == appointment_id and each.due.tries == 0
        ]

    async def due(self, now: datetime, *, at_most: int) -> Sequence[DueLetter]:
        waiting = sorted(self._waiting(), key=lambda each: each.next_try_at)
        return [each.due for each in waiting if each.next_try_at <= now][:at_most]

    async def claim(self, letter: DueLetter, *, again_at: datetime) -> bool:
        stored = self.rows.letters.get(_key(letter))
        if stored is None or stored.result is not None or stored.due.tries != letter.tries:
            return False
        claimed = StoredLetter(replace(letter, tries=letter.tries + 1), again_at)
        self.rows.letters[_key(letter)] = claimed
        return True

    async def close(self, letter: DueLetter, result: LetterResult) -> None:
        key = _key(letter)
        self.rows.letters[key] = replace(self.rows.letters[key], result=result)

    def _waiting(self) -> list[StoredLetter]:
        return [each for each in self.rows.letters.values() if each.result is None]


def _key(letter: DueLetter) -> tuple[UUID, LetterKind, int]:
    return letter.appointment_id, letter.kind, letter.revision
