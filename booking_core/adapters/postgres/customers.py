"""The store of callers."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import customers
from booking_core.domain.models import Customer, CustomerWish


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
