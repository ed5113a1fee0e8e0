"""Chairs held in time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from booking_core.domain.assignment import Workload
from booking_core.domain.discrepancies import Window
from booking_core.domain.models import Appointment, Offering, State
from booking_core.domain.visits import Stretch


class Outdated(Exception):
    """A customer or an offering is not as it was said to be. No booking error: whoever meets it reads again."""


class Appointments(Protocol):
    """Chairs held in time."""

    async def hold(self, *visit: Appointment) -> Sequence[Appointment] | None:
        """Store the segments of a visit, all or none, and return them under the name we know the customer by.

        In the order of time, so that two visits that want each other's chairs cannot wait for each other. None if a
        chair is occupied then, or if the place of the former is taken already. Raises Outdated if they are made of
        things that are not (or no longer) so: whatever was remembered of the customer and the offering is checked in
        the very statement that stores them.
        """
        ...

    async def settle(
        self, seen: Appointment, state: State, *, calcom_uid: str | None = None, reason: str | None = None
    ) -> Appointment | None:
        """Record what became of it, and return it as it is now; becoming unknown or cancelling starts the doubt anew.

        Return None and change nothing if it is not in the version that was seen: somebody else has written since.
        Raises ValueError for a step that domain/states.py does not know.
        """
        ...

    async def looked(self, appointment_id: UUID) -> None:
        """Record that Cal.com was asked for it and does not show it."""
        ...

    async def find(self, tenant_id: UUID, appointment_id: UUID) -> Appointment | None: ...

    async def visit(self, tenant_id: UUID, visit_id: UUID) -> Sequence[Appointment]:
        """Return all segments of a visit, in their order; nobody else writes about them before the transaction ends."""
        ...

    async def of_lineage(self, tenant_id: UUID, lineage: UUID) -> Sequence[Appointment]:
        """Return what occupies a chair for one appointment at whatever time it has, the oldest first.

        There are two while it is being moved. Nobody else writes about them before the transaction ends.
        """
        ...

    async def find_living(self, tenant_id: UUID, key: UUID) -> Appointment | None:
        """Return the appointment that occupies a chair because of this wish."""
        ...

    async def occupied(
        self, tenant_id: UUID, staff_ids: Sequence[UUID], start: datetime, end: datetime
    ) -> Sequence[tuple[UUID, datetime, datetime]]:
        """Return (staff id, start, end) of every occupied stretch that touches the period."""
        ...

    async def workloads(
        self,
        tenant_id: UUID,
        staff_ids: Sequence[UUID],
        *,
        day: Stretch,
        wanted: Sequence[Stretch],
    ) -> Sequence[Workload]:
        """Return what each has to do within the day, and whether all wanted time is free; in one statement for all."""
        ...

    async def abandoned_synthetic(self, older_than: datetime, *, at_most: int) -> Sequence[Appointment]: ...

    async def give_up_creating(self, older_than: datetime) -> int:
        """Mark as unknown what has waited for Cal.com since before `older_than`; return how many."""
        ...

    async def living(self, tenant_id: UUID, window: Window) -> Sequence[Appointment]:
        """Return what occupies a chair and starts in the window, and whatever is unsettled."""
        ...

    async def by_ids(self, tenant_id: UUID, ids: Collection[UUID]) -> Sequence[Appointment]:
        """Return the appointments of these ids, and all later times of the visits that began with them."""
        ...

    async def keep_until(self, seen: Appointment, end: datetime) -> Appointment | None:
        """Give it another end; return None and change nothing where `move` returns False."""
        ...

    async def move(self, seen: Appointment, offering: Offering, period: Window, *, calcom_uid: str) -> bool:
        """Give it the time, offering and uid Cal.com has. Its wish is fulfilled no longer: said again, it is a new one.

        Return False and change nothing if that chair is occupied, or if it is not in the version that was seen.
        """
        ...

    async def unsettled(self, *, at_most: int) -> Sequence[tuple[UUID, UUID]]:
        """Return (tenant id, appointment id) of what a job must bring further, oldest first."""
        ...
