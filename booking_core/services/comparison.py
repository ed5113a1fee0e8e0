"""Reads both worlds, as much of them as one comparison needs, and has them compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_core.domain import rules
from booking_core.domain.discrepancies import GRACE, Comparison, Finding, ListedBooking, Window
from booking_core.domain.errors import CalcomUnavailable
from booking_core.domain.models import Appointment, Tenant
from booking_core.domain.ports import Calcom, Database, Listing

# What began within the last hour may still be put right by hand.
LOOKS_BACK = timedelta(hours=1)
PAGE = 100
# Rows move up when one before them vanishes: pages overlap by so many, and nothing slips through between them.
OVERLAP = 10
# More than any salon fills: a list that does not end is no list.
MOST_PAGES = 500


@dataclass(frozen=True, slots=True)
class Compared:
    """What was compared, and where it differs."""

    window: Window
    here: int
    there: int
    findings: Sequence[Finding]
    strangers: Sequence[ListedBooking]


@dataclass(frozen=True, slots=True)
class BothWorlds:
    """One tenant's appointments here and bookings there."""

    database: Database
    calcom: Calcom
    stuck_after: timedelta

    async def compare(self, tenant: Tenant, *, now: datetime, asked: Window | None) -> Compared:
        """Compare the starts that were asked for, or all that matter and what changed since the last run."""
        window = asked or Window(now - LOOKS_BACK, now + rules.HORIZON)
        # Theirs first: a row that is settled in between is then newer than the booking, never older.
        theirs = await self._theirs(tenant, window, is_whole=asked is None)
        rows = await self._ours(tenant, window, theirs)
        comparison = Comparison(tenant.id, window, now, self.stuck_after)
        findings, strangers = comparison.findings(rows, theirs), comparison.strangers(rows, theirs)
        return Compared(window, len(rows), len(theirs), list(findings), list(strangers))

    async def _theirs(self, tenant: Tenant, window: Window, *, is_whole: bool) -> Collection[ListedBooking]:
        listed = await self._list(tenant, Listing(window=window))
        # Cal.com has been seen to ignore both bounds.
        theirs = {booking.uid: booking for booking in listed if booking.start in window}
        last = await self._last_run(tenant) if is_whole else None
        if last is not None:
            changed = await self._list(tenant, Listing(changed_since=last - GRACE))
            theirs |= {booking.uid: booking for booking in changed}
        return theirs.values()

    async def _last_run(self, tenant: Tenant) -> datetime | None:
        async with self.database.begin(tenant.id) as stores:
            return await stores.inconsistencies.last_run(tenant.id)

    async def _list(self, tenant: Tenant, listing: Listing) -> Collection[ListedBooking]:
        """List all pages. Raises CalcomUnavailable for a list without an end: half of one would look like absence."""
        found: dict[str, ListedBooking] = {}
        skip = 0
        for _ in range(MOST_PAGES):
            page = await self.calcom.listed(tenant, listing, skip=skip, take=PAGE)
            found |= {booking.uid: booking for booking in page.bookings}
            if not page.has_more:
                return found.values()
            skip += max(len(page.bookings) - OVERLAP, 1)
        raise CalcomUnavailable(f"Cal.com's list of bookings has more than {MOST_PAGES} pages.")

    async def _ours(self, tenant: Tenant, window: Window, theirs: Collection[ListedBooking]) -> Collection[Appointment]:
        named = {booking.appointment_id for booking in theirs if booking.tenant_id == tenant.id}
        async with self.database.begin(tenant.id) as stores:
            rows = {row.id: row for row in await stores.appointments.living(tenant.id, window)}
            over = {each for each in named if each is not None} - rows.keys()
            rows |= {row.id: row for row in await stores.appointments.by_ids(tenant.id, over)}
        return rows.values()
