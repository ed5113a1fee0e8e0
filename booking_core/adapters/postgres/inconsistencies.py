"""The store of what reconciliation remembers: differences between Cal.com and us, and its own runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import inconsistencies, reconciliation_runs
from booking_core.domain.discrepancies import CHANGES, LONGEST_REMEDY, Claim, Finding, Kind, Outcome, Sighting
from booking_core.domain.ports import Run

_SIGHTING = (
    inconsistencies.c.kind,
    inconsistencies.c.subject,
    inconsistencies.c.first_seen,
    inconsistencies.c.last_seen,
    inconsistencies.c.sightings,
    inconsistencies.c.action,
    inconsistencies.c.acted_at,
)
_IS_OPEN = inconsistencies.c.resolved_at.is_(None)
_IS_CLAIMED = inconsistencies.c.claimed_at.is_not(None)
# The first half of the advisory lock's name; the second is the salon's.
_CLAIMING = 7301


class PostgresInconsistencies:
    """Differences from run to run."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def sight(
        self, tenant_id: UUID, findings: Sequence[Finding], *, now: datetime, is_whole: bool
    ) -> Sequence[Sighting]:
        seen = await self._seen([_row(tenant_id, finding, now) for finding in findings]) if findings else {}
        if is_whole:
            gone = update(inconsistencies).where(
                inconsistencies.c.tenant_id == tenant_id, _IS_OPEN, inconsistencies.c.last_seen < now
            )
            await self._connection.execute(gone.values(resolved_at=now))
        return [seen[finding.kind, finding.subject] for finding in findings]

    async def _seen(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[tuple[Kind, str], Sighting]:
        statement = insert(inconsistencies)
        again = statement.on_conflict_do_update(
            index_elements=["tenant_id", "kind", "subject"],
            index_where=_IS_OPEN,
            set_={
                "last_seen": statement.excluded.last_seen,
                "calcom_uid": statement.excluded.calcom_uid,
                "sightings": inconsistencies.c.sightings + 1,
            },
        )
        answer = await self._connection.execute(again.returning(*_SIGHTING), rows)
        return {(sighting.kind, sighting.subject): sighting for sighting in map(_sighting, answer)}

    async def open(self, tenant_id: UUID) -> Sequence[Sighting]:
        query = select(*_SIGHTING).where(inconsistencies.c.tenant_id == tenant_id, _IS_OPEN)
        rows = await self._connection.execute(query.order_by(inconsistencies.c.first_seen, inconsistencies.c.subject))
        return [_sighting(row) for row in rows]

    async def claim(
        self, tenant_id: UUID, sighting: Sighting, *, now: datetime, since: datetime, at_most: int
    ) -> Claim:
        # One at a time counts and takes, until the transaction ends.
        await self._connection.execute(select(func.pg_advisory_xact_lock(_CLAIMING, func.hashtext(str(tenant_id)))))
        is_free = or_(~_IS_CLAIMED, inconsistencies.c.claimed_at < now - LONGEST_REMEDY)
        as_seen = inconsistencies.c.acted_at.is_not_distinct_from(sighting.acted_at)
        this = and_(_is(tenant_id, sighting), _IS_OPEN, is_free, as_seen)
        if not (await self._connection.execute(select(exists().where(this)))).scalar_one():
            return Claim.ANOTHERS
        today = and_(inconsistencies.c.tenant_id == tenant_id, inconsistencies.c.claimed_at >= since)
        if (await self._connection.execute(select(func.count()).where(today))).scalar_one() >= at_most:
            return Claim.USED_UP
        await self._connection.execute(update(inconsistencies).where(this).values(claimed_at=now))
        return Claim.GRANTED

    async def unclaim(self, tenant_id: UUID, sighting: Sighting) -> None:
        claimed = update(inconsistencies).where(_is(tenant_id, sighting), _IS_CLAIMED)
        await self._connection.execute(claimed.values(claimed_at=None))

    async def acted(self, tenant_id: UUID, sighting: Sighting, outcome: Outcome, *, now: datetime) -> None:
        # Another run may have seen meanwhile that it is gone: what was claimed was changed all the same.
        one = update(inconsistencies).where(_is(tenant_id, sighting), or_(_IS_OPEN, _IS_CLAIMED))
        kept = {} if outcome in CHANGES else {"claimed_at": None}
        await self._connection.execute(one.values(action=outcome.value, acted_at=now, **kept))

    async def ran(self, run: Run) -> None:
        values = {
            "tenant_id": run.tenant_id,
            "started_at": run.started_at,
            "here": run.here,
            "there": run.there,
            "findings": dict(run.findings),
            "outcomes": dict(run.outcomes),
            "error": run.error,
        }
        await self._connection.execute(insert(reconciliation_runs).values(values).on_conflict_do_nothing())

    async def last_run(self, tenant_id: UUID) -> datetime | None:
        runs = reconciliation_runs.c
        query = select(func.max(runs.started_at)).where(runs.tenant_id == tenant_id, runs.error.is_(None))
        began: datetime | None = (await self._connection.execute(query)).scalar_one()
        return began

    async def forget_older(self, than: datetime) -> int:
        old = (
            delete(reconciliation_runs).where(reconciliation_runs.c.started_at < than),
            delete(inconsistencies).where(inconsistencies.c.resolved_at < than),
        )
        return sum([(await self._connection.execute(each)).rowcount for each in old])


def _is(tenant_id: UUID, sighting: Sighting) -> ColumnElement[bool]:
    named = (inconsistencies.c.kind == sighting.kind.value, inconsistencies.c.subject == sighting.subject)
    return and_(inconsistencies.c.tenant_id == tenant_id, *named)


def _row(tenant_id: UUID, finding: Finding, now: datetime) -> Mapping[str, Any]:
    appointment, booking = finding.appointment, finding.booking
    known_uid = appointment.calcom_uid if appointment else None
    return {
        "tenant_id": tenant_id,
        "kind": finding.kind.value,
        "subject": finding.subject,
        "appointment_id": appointment.id if appointment else None,
        "calcom_uid": booking.uid if booking else known_uid,
        "first_seen": now,
        "last_seen": now,
    }


def _sighting(row: Row[Any, Any, Any, Any, Any, Any, Any]) -> Sighting:
    return Sighting(
        Kind(row.kind),
        row.subject,
        row.first_seen,
        row.last_seen,
        row.sightings,
        Outcome(row.action) if row.action else None,
        row.acted_at,
    )
