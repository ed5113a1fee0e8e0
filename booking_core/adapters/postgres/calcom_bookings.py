"""The store of what Cal.com has told us of its bookings: rows that only ever learn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, literal_column, select, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import appointments, staff
from booking_core.adapters.postgres.tables import calcom_bookings as known
from booking_core.domain.calcom_news import CalcomFact, KnownBooking, Standing


class PostgresCalcomBookings:
    """A row a booking; each statement gives the same row whatever was learnt before."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def learn(self, tenant_id: UUID, fact: CalcomFact) -> None:
        host = select(staff.c.id).where(staff.c.tenant_id == tenant_id, staff.c.slug == fact.host)
        new = insert(known).values(
            tenant_id=tenant_id,
            uid=fact.uid,
            appointment_id=fact.appointment_id,
            staff_id=host.scalar_subquery(),
            starts_at=fact.start,
            ends_at=fact.end,
            standing=fact.standing,
            successor=fact.successor,
        )
        added = {
            name: func.coalesce(known.c[name], new.excluded[name])
            for name in ("appointment_id", "staff_id", "starts_at", "ends_at", "successor")
        }
        highest = func.greatest(known.c.standing, new.excluded.standing)
        await self._connection.execute(
            new.on_conflict_do_update(index_elements=["tenant_id", "uid"], set_={**added, "standing": highest})
        )

    async def owner(self, tenant_id: UUID, uids: Sequence[str]) -> UUID | None:
        told = select(known.c.appointment_id).where(
            known.c.tenant_id == tenant_id, known.c.uid.in_(uids), known.c.appointment_id.is_not(None)
        )
        held = select(appointments.c.id).where(
            appointments.c.tenant_id == tenant_id, appointments.c.calcom_uid.in_(uids)
        )
        return (await self._connection.execute(union_all(told, held).limit(1))).scalar_one_or_none()

    async def taken(
        self, tenant_id: UUID, staff_ids: Sequence[UUID], start: datetime, end: datetime
    ) -> Sequence[tuple[UUID, datetime, datetime]]:
        query = select(known.c.staff_id, known.c.starts_at, known.c.ends_at).where(
            strangers(tenant_id), known.c.staff_id.in_(staff_ids), known.c.starts_at < end, known.c.ends_at > start
        )
        return [(row[0], row[1], row[2]) for row in await self._connection.execute(query)]

    async def made_for(self, tenant_id: UUID, appointment_id: UUID) -> Sequence[KnownBooking]:
        theirs = known.c.tenant_id == tenant_id
        chain = select(known.c.uid, known.c.successor).where(theirs, known.c.appointment_id == appointment_id)
        moves = chain.cte(recursive=True)
        moves = moves.union(select(known.c.uid, known.c.successor).where(theirs, known.c.uid == moves.c.successor))
        # What a booking of ours was moved to is ours, even where Cal.com did not carry our mark along.
        claimed = (
            update(known)
            .where(theirs, known.c.uid.in_(select(moves.c.uid)))
            .values(appointment_id=appointment_id)
            .returning(known)
        )
        return [_booking(row) for row in await self._connection.execute(claimed)]


def strangers(tenant_id: UUID) -> ColumnElement[bool]:
    """Tell the bookings that others made and that take up time; an index knows them."""
    # In so many words: the index does not recognise itself in a parameter.
    is_standing = known.c.standing < literal_column(str(Standing.ENDED.value))
    return and_(known.c.tenant_id == tenant_id, known.c.appointment_id.is_(None), is_standing)


def _booking(row: Row[Any]) -> KnownBooking:
    return KnownBooking(row.uid, Standing(row.standing), row.starts_at, row.ends_at, row.staff_id, row.successor)
