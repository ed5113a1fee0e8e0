"""What the comparison of both worlds remembers from run to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from booking_core.domain.discrepancies import Claim, Finding, Outcome, Sighting


@dataclass(frozen=True, slots=True)
class Run:
    """What one reconciliation of a tenant's two worlds came to; `error` if they could not be compared."""

    tenant_id: UUID
    started_at: datetime
    here: int = 0
    there: int = 0
    findings: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None


class Inconsistencies(Protocol):
    """What reconciliation remembers from run to run."""

    async def sight(
        self, tenant_id: UUID, findings: Sequence[Finding], *, now: datetime, is_whole: bool
    ) -> Sequence[Sighting]:
        """Record what a run found, and return how often each was seen, in the same order.

        After a run over the whole window, differences that were open and are not among these have been resolved.
        """
        ...

    async def open(self, tenant_id: UUID) -> Sequence[Sighting]: ...

    async def acted(self, tenant_id: UUID, sighting: Sighting, outcome: Outcome, *, now: datetime) -> None: ...

    async def claim(
        self, tenant_id: UUID, sighting: Sighting, *, now: datetime, since: datetime, at_most: int
    ) -> Claim:
        """Take one of the changes allowed since then, before anything is changed: of runs at once, each takes its own.

        It is given back by `acted` if nothing was changed, and by `unclaim`; whoever was killed may have changed it.
        """
        ...

    async def unclaim(self, tenant_id: UUID, sighting: Sighting) -> None: ...

    async def ran(self, run: Run) -> None: ...

    async def last_run(self, tenant_id: UUID) -> datetime | None:
        """Return when the last run that could compare began."""
        ...

    async def forget_older(self, than: datetime) -> int:
        """Drop reports of runs, and resolved differences, from before; return how many."""
        ...
