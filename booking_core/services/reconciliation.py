"""Believes a difference between Cal.com and us when it was seen twice, and puts it right within a day's allowance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_core.bus import Bus
from booking_core.domain.calcom_news import CalcomFact, Standing
from booking_core.domain.discrepancies import (
    CAPPED,
    SETTLED,
    Claim,
    Finding,
    Kind,
    ListedBooking,
    Outcome,
    Sighting,
    Window,
    remedy,
)
from booking_core.domain.errors import AppointmentDatabaseError, BookingError
from booking_core.domain.events import InconsistencyDetected
from booking_core.domain.models import Channel, Origin, Tenant, Traffic
from booking_core.domain.ports import EVERY_TENANT, Clock, Database, Run
from booking_core.services.comparison import BothWorlds, Compared
from booking_core.services.remedies import Remedies

REPORTS_KEPT = timedelta(days=30)
_STANDINGS = {"accepted": Standing.ACCEPTED, "pending": Standing.PENDING}


@dataclass(frozen=True, slots=True)
class Line:
    """One difference and what a run made of it; a dry run has seen nothing twice."""

    finding: Finding
    outcome: Outcome
    sighting: Sighting | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What one run over one tenant came to. Foreign bookings are counted and are no differences."""

    tenant: Tenant
    window: Window
    here: int
    there: int
    foreign: int
    lines: Sequence[Line]

    @property
    def is_agreed(self) -> bool:
        """Tell whether nothing is left to be done: no difference, or each put right."""
        return all(line.outcome in SETTLED for line in self.lines)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One tenant at a time; neither a lock nor a transaction is held across a call to Cal.com."""

    database: Database
    worlds: BothWorlds
    remedies: Remedies
    bus: Bus
    clock: Clock
    changes_a_day: int

    async def run(self, tenant: Tenant, *, window: Window | None = None, dry: bool = False) -> Report:
        """Compare, and put right; a dry run says what it would do, and remembers nothing.

        Raises BookingError if the worlds could not be compared; then nothing was done.
        """
        began = self.clock.now()
        try:
            compared = await self.worlds.compare(tenant, now=began, asked=window)
        except BookingError as error:
            if not dry:
                await self._remember(Run(tenant.id, began, error=error.reason))
            raise
        differences = [each for each in compared.findings if each.kind is not Kind.FOREIGN]
        if dry:
            return _report(tenant, compared, [Line(each, Outcome.WOULD_ACT) for each in differences])
        async with self.database.begin(tenant.id) as stores:
            sightings = await stores.inconsistencies.sight(tenant.id, differences, now=began, is_whole=window is None)
        await self._learn(tenant, compared.strangers)
        report = _report(tenant, compared, await self._put_right(tenant, differences, sightings))
        await self._remember(_run(report, began))
        return report

    async def forget_old(self) -> int:
        """Drop the reports that nobody will read any more; return how many."""
        async with self.database.begin(EVERY_TENANT) as stores:
            return await stores.inconsistencies.forget_older(self.clock.now() - REPORTS_KEPT)

    async def _put_right(
        self, tenant: Tenant, findings: Iterable[Finding], sightings: Iterable[Sighting]
    ) -> Sequence[Line]:
        lines = []
        for finding, sighting in zip(findings, sightings, strict=True):
            is_due = sighting.is_due(now=self.clock.now())
            outcome = await self._act(tenant, finding, sighting) if is_due else Outcome.WAITING
            lines.append(Line(finding, outcome, sighting))
        return lines

    async def _act(self, tenant: Tenant, finding: Finding, sighting: Sighting) -> Outcome:
        claim = await self._claim(tenant, sighting) if remedy(finding) in CAPPED else Claim.GRANTED
        if claim is Claim.ANOTHERS:
            return Outcome.WAITING
        outcome = await self._apply(tenant, finding) if claim is Claim.GRANTED else Outcome.CAPPED
        await self._note(tenant, finding, sighting, outcome)
        return outcome

    async def _learn(self, tenant: Tenant, strangers: Iterable[ListedBooking]) -> None:
        """Know what others have booked past us, as from webhooks that may have been lost: taken, or free again."""
        async with self.database.begin(tenant.id) as stores:
            for each in strangers:
                standing = _STANDINGS.get(each.status, Standing.ENDED)
                fact = CalcomFact(each.uid, standing, each.start, each.end, each.host)
                await stores.calcom_bookings.learn(tenant.id, fact)

    async def _claim(self, tenant: Tenant, sighting: Sighting) -> Claim:
        """Take one of the day's changes before it is made: another run may be at work at the same time."""
        now = self.clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        async with self.database.begin(tenant.id) as stores:
            allowed = self.changes_a_day
            return await stores.inconsistencies.claim(tenant.id, sighting, now=now, since=midnight, at_most=allowed)

    async def _apply(self, tenant: Tenant, finding: Finding) -> Outcome:
        try:
            return await self.remedies.apply(tenant, finding)
        except BookingError:
            return Outcome.FAILED

    async def _note(self, tenant: Tenant, finding: Finding, sighting: Sighting, outcome: Outcome) -> None:
        """Write down what was done, and tell. What failed is not written down: the next run tries again."""
        async with self.database.begin(tenant.id) as stores:
            if outcome is Outcome.FAILED:
                await stores.inconsistencies.unclaim(tenant.id, sighting)
            else:
                await stores.inconsistencies.acted(tenant.id, sighting, outcome, now=self.clock.now())
        row = finding.appointment
        origin = row.origin if row else Origin(Channel.API, Traffic.REAL, correlation_id=finding.subject)
        appointment_id = row.id if row else None
        self.bus.publish(
            InconsistencyDetected(origin, tenant.id, finding.kind.value, outcome.value, finding.subject, appointment_id)
        )

    async def _remember(self, run: Run) -> None:
        # A run that could not be written down is run again in five minutes.
        with suppress(AppointmentDatabaseError):
            async with self.database.begin(run.tenant_id) as stores:
                await stores.inconsistencies.ran(run)


def _report(tenant: Tenant, compared: Compared, lines: Sequence[Line]) -> Report:
    foreign = sum(finding.kind is Kind.FOREIGN for finding in compared.findings)
    return Report(tenant, compared.window, compared.here, compared.there, foreign, lines)


def _run(report: Report, began: datetime) -> Run:
    kinds = Counter(line.finding.kind.value for line in report.lines)
    outcomes = Counter(line.outcome.value for line in report.lines)
    return Run(report.tenant.id, began, report.here, report.there, {**kinds, "foreign": report.foreign}, outcomes)
