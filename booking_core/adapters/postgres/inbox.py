"""The store of webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, case, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import webhook_inbox as inbox
from booking_core.domain.models import Traffic
from booking_core.domain.webhooks import Delivery, DeliveryState, Result, Source


class PostgresInbox:
    """Deliveries; the unique digest decides which of many copies is the first."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def store(self, delivery: Delivery) -> bool:
        new = insert(inbox).values(
            id=delivery.id,
            tenant_id=delivery.tenant_id,
            source=delivery.source.value,
            event=delivery.event,
            key=delivery.key,
            subject=delivery.subject,
            digest=delivery.digest,
            body=delivery.body,
            synthetic=delivery.traffic is Traffic.SYNTHETIC,
            correlation_id=delivery.correlation_id,
            received_at=delivery.received_at,
        )
        stored = await self._connection.execute(new.on_conflict_do_nothing().returning(inbox.c.id))
        return stored.one_or_none() is not None

    async def find(self, tenant_id: UUID, delivery_id: UUID) -> Delivery | None:
        query = select(inbox).where(inbox.c.tenant_id == tenant_id, inbox.c.id == delivery_id)
        row = (await self._connection.execute(query)).one_or_none()
        return _delivery(row) if row else None

    async def processed(self, delivery_id: UUID, result: Result, *, at: datetime) -> None:
        values: dict[str, object] = {"state": DeliveryState.PROCESSED.value, "error": None, "processed_at": at}
        values["result"] = result.value
        if result is Result.UNCHANGED:
            values["result"] = case((inbox.c.result == Result.APPLIED.value, inbox.c.result), else_=result.value)
        await self._connection.execute(update(inbox).where(inbox.c.id == delivery_id).values(values))

    async def listed(
        self, *, states: Sequence[DeliveryState], since: datetime | None, at_most: int
    ) -> Sequence[Delivery]:
        query = select(inbox).where(inbox.c.state.in_([state.value for state in states]))
        if since is not None:
            query = query.where(inbox.c.received_at >= since)
        rows = await self._connection.execute(query.order_by(inbox.c.received_at.desc()).limit(at_most))
        return [_delivery(row) for row in rows]

    async def reopen(self, delivery_id: UUID) -> None:
        values = {"state": DeliveryState.RECEIVED.value, "attempts": 0, "error": None, "processed_at": None}
        await self._connection.execute(update(inbox).where(inbox.c.id == delivery_id).values(values))

    async def drop_bodies(self, processed_before: datetime) -> int:
        done = and_(inbox.c.state == DeliveryState.PROCESSED.value, inbox.c.body.is_not(None))
        old = update(inbox).where(done, inbox.c.processed_at < processed_before)
        return (await self._connection.execute(old.values(body=None))).rowcount

    async def was_applied(self, tenant_id: UUID, subject: str) -> bool:
        applied = exists().where(
            inbox.c.tenant_id == tenant_id, inbox.c.subject == subject, inbox.c.result == Result.APPLIED.value
        )
        return bool((await self._connection.execute(select(applied))).scalar_one())

    async def waiting(self, received_before: datetime, *, at_most: int) -> Sequence[Delivery]:
        query = (
            select(inbox)
            .where(inbox.c.state == DeliveryState.RECEIVED.value, inbox.c.received_at < received_before)
            .order_by(inbox.c.received_at)
            .limit(at_most)
        )
        return [_delivery(row) for row in await self._connection.execute(query)]

    async def stumbled(self, delivery_id: UUID, error: str, *, is_last: bool) -> None:
        values: dict[str, object] = {"attempts": inbox.c.attempts + 1, "error": error}
        if is_last:
            values |= {"state": DeliveryState.FAILED.value, "result": Result.FAILED.value}
        await self._connection.execute(update(inbox).where(inbox.c.id == delivery_id).values(values))


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        tenant_id=row.tenant_id,
        source=Source(row.source),
        event=row.event,
        key=row.key,
        subject=row.subject,
        digest=row.digest,
        traffic=Traffic.SYNTHETIC if row.synthetic else Traffic.REAL,
        correlation_id=row.correlation_id,
        received_at=row.received_at,
        body=row.body,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        result=Result(row.result) if row.result else None,
        error=row.error,
        processed_at=row.processed_at,
    )
