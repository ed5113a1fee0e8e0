"""Who calls, and what is stored about one person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from booking_core.domain.engagement import Engagement
from booking_core.domain.erasure import Erased
from booking_core.domain.models import Customer, CustomerWish, KnownCaller


class Callers(Protocol):
    """Customers by phone, outside of any transaction. They may be remembered: see Appointments.hold."""

    async def resolve(self, tenant_id: UUID, wish: CustomerWish) -> Customer:
        """Find the customer or create one."""
        ...

    async def forget(self, tenant_id: UUID, phone: str) -> None:
        """Remember nothing of this number: the next question is for the truth."""
        ...


class Customers(Protocol):
    """Callers, one per tenant and phone number."""

    async def resolve(self, tenant_id: UUID, wish: CustomerWish) -> Customer:
        """Find the customer by phone or create one; a known name is never overwritten."""
        ...

    async def find_known(self, tenant_id: UUID, phone: str) -> KnownCaller | None:
        """Return whose number it is, and the service of the newest appointment that was confirmed and not cancelled."""
        ...

    async def engagement(self, appointment_ids: Collection[UUID]) -> Sequence[Engagement]:
        """Count what the customers of these appointments did, probes apart; each customer once."""
        ...

    async def scored(self, scores: Mapping[UUID, int]) -> None:
        """Write down the engagement score of customers."""
        ...


class Traces(Protocol):
    """Everything that is stored about one person, found by their number in E.164."""

    async def unsettled(self, tenant_id: UUID, phone: str) -> tuple[int, int]:
        """Return how many bookings of theirs, and how many deliveries about them, wait to be settled.

        Until the transaction ends, nobody books for this number.
        """
        ...

    async def erase(self, tenant_id: UUID, phone: str) -> Erased:
        """Put nobody in the place of the person and drop what was said about them, irreversibly."""
        ...
