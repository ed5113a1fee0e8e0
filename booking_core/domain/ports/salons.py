"""Salons, their keys, and what they offer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from booking_core.domain.access import ApiKey, Bearer
from booking_core.domain.models import Offering, ServiceNames, Tenant


class Tenants(Protocol):
    """Which salon is asking."""

    async def find_by_token(self, token: str) -> Tenant | None: ...

    async def get(self, tenant_id: UUID) -> Tenant: ...

    async def every(self) -> Sequence[Tenant]: ...


class Keys(Protocol):
    """API keys. None is stored: what is given as `key` is compared by its digest."""

    async def find_bearer(self, key: str) -> Bearer | None:
        """Return whose key it is and what it allows; None for one that is unknown or revoked."""
        ...

    async def add(self, api_key: ApiKey, key: str) -> None: ...

    async def all_of(self, tenant_id: UUID) -> Sequence[ApiKey]:
        """Return the keys, revoked ones too, oldest first."""
        ...

    async def revoke(self, tenant_id: UUID, key_id: UUID, *, at: datetime) -> bool:
        """End a key; return whether there was one to end."""
        ...


class Services(Protocol):
    """What a salon offers."""

    async def names(self, tenant_id: UUID) -> Sequence[ServiceNames]: ...

    async def offerings(self, tenant_id: UUID, service: str) -> Sequence[Offering]:
        """Return how the service is offered, found by id, slug, name or alias; empty when there is none.

        Sorted by member of staff, and each one's segments in their order.
        """
        ...

    async def of_staff(self, tenant_id: UUID, staff_id: UUID) -> Sequence[Offering]:
        """Return everything a member of staff offers."""
        ...


class Menu(Protocol):
    """What salons offer, outside of any transaction. It may be remembered: see Appointments.hold."""

    async def offerings(self, tenant_id: UUID, service: str) -> Sequence[Offering]:
        """Return how the service is offered, found by id, slug, name or alias; empty when there is none."""
        ...

    async def of_staff(self, tenant_id: UUID, staff_id: UUID) -> Sequence[Offering]:
        """Return everything a member of staff offers."""
        ...

    async def names(self, tenant_id: UUID) -> Sequence[ServiceNames]: ...

    async def forget(self, tenant_id: UUID, service: str) -> None:
        """Remember nothing of this service: the next question is for the truth."""
        ...
