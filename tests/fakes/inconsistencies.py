from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from booking_core.domain.discrepancies import CHANGES, LONGEST_REMEDY, Claim, Finding, Outcome, Sighting
from booking_core.domain.ports import Run
from tests.fakes.rows import Stored


class FakeInconsistencies:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def sight(
        self, tenant_id: UUID, findings: Sequence[Finding], *, now: datetime, is_whole: bool
    ) -> Sequence[Sighting]:
        known = self._rows.inconsistencies
        for finding in findings:
            key = (tenant_id, finding.kind, finding.subject)
            seen = known.get(key)
            known[key] = (
                replace(seen, last_seen=now, sightings=seen.sightings + 1)
                if seen
                else Sighting(finding.kind, finding.subject, now, now)
            )
        if is_whole:
            for key in [key for key, each in known.items() if key[0] == tenant_id and each.last_seen < now]:
                self._rows.resolved.append((tenant_id, known.pop(key), now))
        return [known[tenant_id, finding.kind, finding.subject] for finding in findings]

    async def open(self, tenant_id: UUID) -> Sequence[Sighting]:
        of_tenant = [each for key, each in self._rows.inconsistencies.items() if key[0] == tenant_id]
        return sorted(of_tenant, key=lambda each: (each.first_seen, each.subject))

    async def claim(
        self, tenant_id: UUID, sighting: Sighting, *, now: datetime, since: datetime, at_most: int
    ) -> Claim:
        key, claims = (tenant_id, sighting.kind, sighting.subject), self._rows.claims
        stored = self._rows.inconsistencies.get(key)
        is_free = key not in claims or claims[key] < now - LONGEST_REMEDY
        if stored is None or stored.acted_at != sighting.acted_at or not is_free:
            return Claim.ANOTHERS
        if sum(each[0] == tenant_id and at >= since for each, at in claims.items()) >= at_most:
            return Claim.USED_UP
        claims[key] = now
        return Claim.GRANTED

    async def unclaim(self, tenant_id: UUID, sighting: Sighting) -> None:
        self._rows.claims.pop((tenant_id, sighting.kind, sighting.subject), None)

    async def acted(self, tenant_id: UUID, sighting: Sighting, outcome: Outcome, *, now: datetime) -> None:
        key = (tenant_id, sighting.kind, sighting.subject)
        if key in self._rows.inconsistencies:
            self._rows.inconsistencies[key] = replace(self._rows.inconsistencies[key], outcome=outcome, acted_at=now)
        if outcome not in CHANGES:
            self._rows.claims.pop(key, None)

    async def ran(self, run: Run) -> None:
        self._rows.runs.append(run)

    async def last_run(self, tenant_id: UUID) -> datetime | None:
        ended = [each.started_at for each in self._rows.runs if each.tenant_id == tenant_id and each.error is None]
        return max(ended, default=None)

    async def forget_older(self, than: datetime) -> int:
        before = len(self._rows.runs) + len(self._rows.resolved)
        self._rows.runs[:] = [each for each in self._rows.runs if each.started_at >= than]
        self._rows.resolved[:] = [each for each in self._rows.resolved if each[2] >= than]
        return before - len(self._rows.runs) - len(self._rows.resolved)
