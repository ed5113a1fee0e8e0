"""Durable jobs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that is to settle an appointment: how often that was tried, and when it is tried next."""

    tries: int
    next_at: datetime | None


class Queue(Protocol):
    """Durable jobs, put down in the transaction that needs them."""

    async def settle(self, tenant_id: UUID, appointment_id: UUID, *, after_seconds: float) -> None:
        """See to it that Cal.com and we agree on this appointment; one job waits at a time."""
        ...

    async def undo(self, tenant_id: UUID, calcom_uid: str, *, reason: str) -> None:
        """See to it that a booking at Cal.com that belongs to no appointment is cancelled."""
        ...

    async def waiting(self, appointment_ids: Collection[UUID]) -> Mapping[UUID, Waiting]:
        """Return the job of each appointment that has one."""
        ...

    async def process_delivery(self, tenant_id: UUID, delivery_id: UUID, *, subject: str, after_seconds: float) -> None:
        """See to it that this delivery is acted upon, in turn with whoever works on the same subject; one job waits
        at a time."""
        ...
