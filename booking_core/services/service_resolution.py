"""Finds what the caller wants to book, by the words callers use."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from booking_core.domain import rules
from booking_core.domain.errors import UnknownService, UnknownStaff
from booking_core.domain.models import Offering, ServiceNames, Tenant
from booking_core.domain.ports import Database, Menu
from booking_core.domain.visits import Pattern, patterns


class StoredMenu:
    """The menu as the database has it now; each question is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def offerings(self, tenant_id: UUID, service: str) -> Sequence[Offering]:
        async with self._database.begin(tenant_id) as stores:
            return await stores.services.offerings(tenant_id, service)

    async def of_staff(self, tenant_id: UUID, staff_id: UUID) -> Sequence[Offering]:
        async with self._database.begin(tenant_id) as stores:
            return await stores.services.of_staff(tenant_id, staff_id)

    async def names(self, tenant_id: UUID) -> Sequence[ServiceNames]:
        async with self._database.begin(tenant_id) as stores:
            return await stores.services.names(tenant_id)

    async def forget(self, tenant_id: UUID, service: str) -> None: ...


class ServiceResolutionService:
    """A service by id, slug, name or alias, as each member of staff offers it."""

    def __init__(self, menu: Menu) -> None:
        self._menu = menu

    async def resolve(self, tenant: Tenant, service: str, staff: str | None) -> Sequence[Pattern]:
        """Return how it is offered by at least one member of staff.

        Raises UnknownService or UnknownStaff with suggestions.
        """
        try:
            return await self._find(tenant, service, staff)
        except (UnknownService, UnknownStaff):
            # Nobody is refused from memory: since then somebody may have been hired, or learnt to colour hair.
            await self._menu.forget(tenant.id, service)
            return await self._find(tenant, service, staff)

    async def forget(self, tenant: Tenant, service: str) -> None:
        """Go by the database the next time."""
        await self._menu.forget(tenant.id, service)

    async def _find(self, tenant: Tenant, service: str, staff: str | None) -> Sequence[Pattern]:
        offerings = await self._menu.offerings(tenant.id, service)
        if not offerings:
            names = [known.slug for known in await self._menu.names(tenant.id)]
            raise UnknownService(service, suggestions=rules.nearest(service, names))
        if staff is None:
            return patterns(offerings)
        wanted = rules.folded(staff)
        chosen = [o for o in offerings if wanted in (rules.folded(o.staff_slug), rules.folded(o.staff_name))]
        if not chosen:
            raise UnknownStaff(staff, suggestions=rules.nearest(staff, [o.staff_slug for o in offerings]))
        return patterns(chosen)
