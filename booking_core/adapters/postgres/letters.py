"""The store of letters to customers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import letters
from booking_core.domain.letters import FIRST_TRY_AFTER, DueLetter, LetterKind, LetterResult, revision_of
from booking_core.domain.models import Appointment

_WAITING = letters.c.result.is_(None)


class PostgresLetters:
    """One row per letter; unique indexes see to it that nobody is told the same thing twice."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put_down(self, appointment: Appointment, kind: LetterKind) -> None:
        new = insert(letters).values(
            appointment_id=appointment.id,
            kind=kind.value,
            revision=revision_of(appointment, kind),
            tenant_id=appointment.tenant_id,
            next_try_at=func.now() + FIRST_TRY_AFTER,
        )
        await self._connection.execute(new.on_conflict_do_nothing())

    async def untried(self, appointment_id: UUID) -> Sequence[DueLetter]:
        query = select(letters).where(letters.c.appointment_id == appointment_id, _WAITING, letters.c.tries == 0)
        return [_due(row) for row in await self._connection.execute(query.order_by(letters.c.put_down_at))]

    async def due(self, now: datetime, *, at_most: int) -> Sequence[DueLetter]:
        query = select(letters).where(_WAITING, letters.c.next_try_at <= now).order_by(letters.c.next_try_at)
        return [_due(row) for row in await self._connection.execute(query.limit(at_most))]

    async def claim(self, letter: DueLetter, *, again_at: datetime) -> bool:
        as_read = and_(_is(letter), _WAITING, letters.c.tries == letter.tries)
        counted = update(letters).where(as_read).values(tries=letters.c.tries + 1, next_try_at=again_at)
        return (await self._connection.execute(counted)).rowcount == 1

    async def close(self, letter: DueLetter, result: LetterResult) -> None:
        await self._connection.execute(update(letters).where(_is(letter)).values(result=result.value))


def _is(letter: DueLetter) -> ColumnElement[bool]:
    key = (letter.appointment_id, letter.kind.value, letter.revision)
    return tuple_(letters.c.appointment_id, letters.c.kind, letters.c.revision) == tuple_(*key)


def _due(row: Row[tuple[object, ...]]) -> DueLetter:
    return DueLetter(row.tenant_id, row.appointment_id, LetterKind(row.kind), row.put_down_at, row.tries, row.revision)
