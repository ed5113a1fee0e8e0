"""The store of callers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.engagement import COUNT, SCORE
from booking_core.adapters.postgres.tables import appointments, customers, services
from booking_core.domain.engagement import Engagement
from booking_core.domain.models import Customer, CustomerWish, KnownCaller, State


class PostgresCustomers:
    """Callers by phone number."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def resolve(self, tenant_id: UUID, wish: CustomerWish) -> Customer:
        new = insert(customers).values(
            id=uuid4(), tenant_id=tenant_id, phone=wish.phone, name=wish.name, email=wish.email
        )
        # The no-op update makes the existing row come back: one statement, and safe when two calls arrive together.
        upsert = new.on_conflict_do_update(
            index_elements=["tenant_id", "phone"],
            set_={"email": func.coalesce(customers.c.email, new.excluded.email)},
        ).returning(customers.c.id, customers.c.phone, customers.c.name, customers.c.email)
        return Customer(*(await self._connection.execute(upsert)).one())

    async def find_known(self, tenant_id: UUID, phone: str) -> KnownCaller | None:
        newest = (
            select(services.c.name)
            .join_from(appointments, services, services.c.id == appointments.c.service_id)
            .where(appointments.c.customer_id == customers.c.id, appointments.c.state == State.CONFIRMED.value)
            .order_by(appointments.c.created_at.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = select(customers.c.name, newest).where(customers.c.tenant_id == tenant_id, customers.c.phone == phone)
        row = (await self._connection.execute(query)).one_or_none()
        return KnownCaller(*row) if row else None

    async def engagement(self, appointment_ids: Collection[UUID]) -> Sequence[Engagement]:
        rows = await self._connection.execute(COUNT, {"appointments": list(appointment_ids)})
        return [Engagement(row.id, row.visits, row.cancellations, row.newest) for row in rows]

    async def scored(self, scores: Mapping[UUID, int]) -> None:
        await self._connection.execute(SCORE, {"ids": list(scores), "scores": list(scores.values())})
