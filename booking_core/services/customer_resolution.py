"""Finds the caller by phone number, or makes the acquaintance of a new one."""

from __future__ import annotations

from uuid import UUID

from booking_core.domain.models import Customer, CustomerWish
from booking_core.domain.ports import Database


class CustomerResolutionService:
    """One customer per tenant and phone number; each question is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def resolve(self, tenant_id: UUID, wish: CustomerWish) -> Customer:
        async with self._database.begin(tenant_id) as stores:
            return await stores.customers.resolve(tenant_id, wish)

    async def forget(self, tenant_id: UUID, phone: str) -> None: ...
