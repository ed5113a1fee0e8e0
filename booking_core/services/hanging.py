"""Every booking that hangs between Cal.com and us: unsettled ones, and differences that reconciliation believes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from booking_core.domain.discrepancies import Kind, Sighting, Window
from booking_core.domain.models import Appointment, Tenant
from booking_core.domain.ports import Clock, Database, Stores, Waiting


@dataclass(frozen=True, slots=True)
class Hanging:
    """One booking between the worlds. `sighting` if it is a difference, `job` if a job is on its way to settle it."""

    subject: str
    since: datetime
    appointment: Appointment | None = None
    sighting: Sighting | None = None
    job: Waiting | None = None


@dataclass(frozen=True, slots=True)
class HangingBookings:
    """Reads PostgreSQL only; Cal.com is not asked."""

    database: Database
    clock: Clock

    async def of(self, tenant: Tenant) -> list[Hanging]:
        """Return what hangs at a salon, the longest first."""
        async with self.database.begin(tenant.id) as stores:
            unsettled = await self._unsettled(stores, tenant)
            differences = await self._differences(stores, tenant)
        return sorted((*unsettled, *differences), key=lambda each: (each.since, each.subject))

    async def _unsettled(self, stores: Stores, tenant: Tenant) -> list[Hanging]:
        nothing_else = Window(self.clock.now(), self.clock.now())
        rows = await stores.appointments.living(tenant.id, nothing_else)
        jobs = await stores.queue.waiting([row.id for row in rows])
        return [Hanging(str(row.id), row.waits_since, row, job=jobs.get(row.id)) for row in rows]

    async def _differences(self, stores: Stores, tenant: Tenant) -> list[Hanging]:
        # What is stuck is unsettled, and told there.
        seen = [
            each
            for each in await stores.inconsistencies.open(tenant.id)
            if each.is_believed() and each.kind is not Kind.STUCK
        ]
        ids = {each.subject: UUID(each.subject) for each in seen if each.kind is not Kind.ORPHAN_THERE}
        rows = {row.id: row for row in await stores.appointments.by_ids(tenant.id, ids.values())}
        return list(_described(seen, ids, rows))


def _described(seen: list[Sighting], ids: Mapping[str, UUID], rows: Mapping[UUID, Appointment]) -> Iterator[Hanging]:
    for each in seen:
        appointment_id = ids.get(each.subject)
        row = rows.get(appointment_id) if appointment_id else None
        yield Hanging(each.subject, each.first_seen, row, sighting=each)
