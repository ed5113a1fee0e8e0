"""Finds the caller by phone number, or remembers a new one."""

from __future__ import annotations

from booking_core.domain.models import Customer, CustomerWish, Tenant
from booking_core.domain.ports import Stores


class CustomerResolutionService:
    """One customer per tenant and phone number."""

    async def resolve(self, stores: Stores, tenant: Tenant, wish: CustomerWish) -> Customer:
        return await stores.customers.resolve(tenant.id, wish)
