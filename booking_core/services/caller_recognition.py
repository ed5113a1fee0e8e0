"""Recognises a caller by the number they ring from, before a word is said."""

from __future__ import annotations

from booking_core.domain.errors import CustomerValidationError
from booking_core.domain.models import KnownCaller, Tenant
from booking_core.domain.ports import Database
from booking_core.services.validation import e164


class CallerRecognition:
    """What the salon knows of somebody who has called before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recognise(self, tenant: Tenant, number: str | None) -> KnownCaller | None:
        """Return None for a stranger, and for a caller who does not show a number."""
        try:
            phone = e164(number or "", tenant.country)
        except CustomerValidationError:
            return None
        async with self._database.begin(tenant.id) as stores:
            return await stores.customers.find_known(tenant.id, phone)
