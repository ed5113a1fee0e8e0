"""Who gets the next customer when any member of staff will do: a pure, fair and repeatable decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from booking_core.domain.visits import Pattern

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Workload:
    """What a member of staff has to do on a local day, and whether they are free at the wanted time."""

    staff_id: UUID
    booked: timedelta
    last_assigned_at: datetime | None
    is_free: bool


def fairest_first(offered: Sequence[Pattern], workloads: Sequence[Workload]) -> Sequence[Pattern]:
    """Return what whoever is free offers: least booked that day first, then longest without a new customer.

    The slug decides what is still equal, so that the same day always gives the same order.
    """
    by_staff = {workload.staff_id: workload for workload in workloads}

    def turn(pattern: Pattern) -> tuple[timedelta, datetime, str]:
        workload = by_staff[pattern[0].staff_id]
        return workload.booked, workload.last_assigned_at or _NEVER, pattern[0].staff_slug

    return sorted((each for each in offered if by_staff[each[0].staff_id].is_free), key=turn)
