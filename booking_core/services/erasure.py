"""Forgets a customer who asks for it: what was booked keeps its time and loses its person."""

from __future__ import annotations

from dataclasses import dataclass

from booking_core.domain.erasure import Erased, StillBetweenTheWorlds
from booking_core.domain.models import Tenant
from booking_core.domain.ports import Callers, Database
from booking_core.services.validation import e164


class _OnlyLooked(Exception):
    """Ends the transaction of a dry run without a trace."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person at one salon at a time; doing it again finds nobody and does no harm."""

    database: Database
    callers: Callers

    async def erase(self, tenant: Tenant, phone: str, *, is_dry_run: bool = False) -> Erased:
        """Erase, irreversibly, or only tell what would be.

        Raises StillBetweenTheWorlds, and CustomerValidationError for what is no phone number.
        """
        number = e164(phone, tenant.country)
        erased: Erased | None = None
        try:
            async with self.database.begin(tenant.id) as stores:
                bookings, deliveries = await stores.traces.unsettled(tenant.id, number)
                if bookings or deliveries:
                    raise StillBetweenTheWorlds(bookings, deliveries)
                erased = await stores.traces.erase(tenant.id, number)
                if is_dry_run:
                    raise _OnlyLooked
        except _OnlyLooked:
            pass
        else:
            await self.callers.forget(tenant.id, number)
        assert erased is not None  # noqa: S101 - every other way out raises
        return erased
