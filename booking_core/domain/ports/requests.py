"""Requests that may be repeated."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from booking_core.domain.models import Reply


class Requests(Protocol):
    """Requests of the API that carry an Idempotency-Key, and their final answers."""

    async def claim(
        self, tenant_id: UUID, key: str, fingerprint: str, *, now: datetime, abandoned_before: datetime
    ) -> Reply | None:
        """Return the answer given before, or None if this request may go ahead: it is the first, or whoever was
        answering the first has been silent since before `abandoned_before`.

        Raises RequestInFlight, and IdempotencyKeyReused for another fingerprint.
        """
        ...

    async def remember(self, tenant_id: UUID, key: str, reply: Reply) -> None: ...

    async def forget(self, tenant_id: UUID, key: str) -> None: ...

    async def forget_older(self, than: datetime) -> int:
        """Drop every request claimed before; return how many."""
        ...
