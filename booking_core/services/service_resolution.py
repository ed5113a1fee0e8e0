"""Finds what the caller wants to book, by the words callers use."""

from __future__ import annotations

from collections.abc import Sequence

from booking_core.domain import rules
from booking_core.domain.errors import UnknownService, UnknownStaff
from booking_core.domain.models import Tenant
from booking_core.domain.ports import Stores
from booking_core.domain.visits import Pattern, patterns


class ServiceResolutionService:
    """A service by id, slug, name or alias, as each member of staff offers it."""

    async def resolve(self, stores: Stores, tenant: Tenant, service: str, staff: str | None) -> Sequence[Pattern]:
        """Return how it is offered by at least one member of staff.

        Raises UnknownService or UnknownStaff with suggestions.
        """
        offerings = await stores.services.offerings(tenant.id, service)
        if not offerings:
            names = [known.slug for known in await stores.services.names(tenant.id)]
            raise UnknownService(service, suggestions=rules.nearest(service, names))
        if staff is None:
            return patterns(offerings)
        wanted = rules.folded(staff)
        chosen = [o for o in offerings if wanted in (rules.folded(o.staff_slug), rules.folded(o.staff_name))]
        if not chosen:
            raise UnknownStaff(staff, suggestions=rules.nearest(staff, [o.staff_slug for o in offerings]))
        return patterns(chosen)
