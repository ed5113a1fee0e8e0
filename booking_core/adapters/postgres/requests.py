"""The store of idempotent requests. Apart from the booking stores: nothing but HTTP knows of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import idempotency_keys as keys
from booking_core.domain.errors import IdempotencyKeyReused, RequestInFlight
from booking_core.domain.models import Reply


class PostgresRequests:
    """One row per tenant and key; the primary key decides which of many copies goes ahead."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim(
        self, tenant_id: UUID, key: str, fingerprint: str, *, now: datetime, abandoned_before: datetime
    ) -> Reply | None:
        new = insert(keys).values(tenant_id=tenant_id, key=key, fingerprint=fingerprint, claimed_at=now)
        if (await self._connection.execute(new.on_conflict_do_nothing().returning(keys.c.key))).one_or_none():
            return None
        query = select(keys).where(_is(tenant_id, key)).with_for_update()
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            raise RequestInFlight  # it was forgotten in this very moment; the next try is the first again
        if row.fingerprint != fingerprint:
            raise IdempotencyKeyReused
        if row.status is not None:
            return Reply(row.status, row.body)
        if row.claimed_at >= abandoned_before:
            raise RequestInFlight
        await self._connection.execute(update(keys).where(_is(tenant_id, key)).values(claimed_at=now))
        return None

    async def remember(self, tenant_id: UUID, key: str, reply: Reply) -> None:
        values = {"status": reply.status, "body": dict(reply.body)}
        await self._connection.execute(update(keys).where(_is(tenant_id, key)).values(values))

    async def forget(self, tenant_id: UUID, key: str) -> None:
        await self._connection.execute(delete(keys).where(_is(tenant_id, key)))

    async def forget_older(self, than: datetime) -> int:
        return (await self._connection.execute(delete(keys).where(keys.c.claimed_at < than))).rowcount


def _is(tenant_id: UUID, key: str) -> ColumnElement[bool]:
    return and_(keys.c.tenant_id == tenant_id, keys.c.key == key)
