"""Tells the customer. Only ever from committed facts, and never on behalf of a probe.

A letter is put down in the transaction that calls for it (see services/outcomes.py), so that no crash loses it. It is
sent at least once; a repeated one carries the same Message-ID, by which mail programs recognise it as one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from booking_core.domain.letters import (
    GIVEN_UP_AFTER,
    DueLetter,
    LetterRefused,
    LetterResult,
    MailServerAway,
    MailUnavailable,
    is_true,
    may_become_true,
    pause_after,
)
from booking_core.domain.models import Appointment, Confirmation, Tenant
from booking_core.domain.ports import EVERY_TENANT, Clock, Database, Mailer, Stores
from booking_core.domain.visits import as_one
from booking_core.services import wording
from booking_core.services.outcomes import segments_of

SENT_AT_ONCE = 200
# Other jobs wait meanwhile; what is left over goes with the next round.
ROUND = timedelta(seconds=30)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BookingNotificationService:
    """Sends the letters that were put down; `counted` hears how each try ended."""

    database: Database
    mailer: Mailer
    clock: Clock
    sender: str
    counted: Callable[[DueLetter, LetterResult | None], None]

    async def hurry(self, tenant_id: UUID, appointment_id: UUID) -> None:
        """Send now what was just put down about an appointment; what does not go now goes with a later round."""
        async with self.database.begin(tenant_id) as stores:
            untried = await stores.letters.untried(appointment_id)
        for due in untried:
            await self._deliver(due)

    async def deliver_due(self) -> None:
        """Send what is due, unless the mail server does not answer at all."""
        begun = self.clock.now()
        async with self.database.begin(EVERY_TENANT) as stores:
            waiting = await stores.letters.due(begun, at_most=SENT_AT_ONCE)
        for due in waiting:
            is_answering = await self._deliver(due)
            if not is_answering or self.clock.now() > begun + ROUND:
                break

    async def _deliver(self, due: DueLetter) -> bool:
        """Make one try; return False if the mail server takes no letter at all."""
        facts = await self._claim(due)
        if facts is None:
            return True
        is_answering = True
        try:
            result = await self._send(due, facts)
        except MailUnavailable as error:
            _log.warning("letter_not_taken", kind=due.kind, appointment_id=str(due.appointment_id), reason=str(error))
            is_answering = not isinstance(error, MailServerAway)
            result = LetterResult.FAILED if self.clock.now() >= due.put_down_at + GIVEN_UP_AFTER else None
        self.counted(due, result)
        if result is not None:
            async with self.database.begin(due.tenant_id) as stores:
                await stores.letters.close(due, result)
        return is_answering

    async def _claim(self, due: DueLetter) -> Confirmation | None:
        """Return what the letter is about, as it stands now; None if somebody else is at it."""
        again_at = self.clock.now() + pause_after(due.tries + 1)
        async with self.database.begin(due.tenant_id) as stores:
            if not await stores.letters.claim(due, again_at=again_at):
                return None
            salon = await stores.tenants.get(due.tenant_id)
            appointment = await stores.appointments.find(due.tenant_id, due.appointment_id)
            if appointment is None:
                return None
            visit = await segments_of(stores, appointment)
            return _facts(salon, visit, await _version(stores, visit))

    async def _send(self, due: DueLetter, facts: Confirmation) -> LetterResult | None:
        """Return how the letter ended, or None if its time may yet come; raises MailUnavailable."""
        if not is_true(due.kind, facts.state, facts.former):
            return None if may_become_true(due.kind, facts.state) else LetterResult.OBSOLETE
        if facts.customer_email is None:
            return LetterResult.OBSOLETE
        letter = wording.letter(due, facts, to=facts.customer_email, sender=self.sender, now=self.clock.now())
        try:
            await self.mailer.send(letter)
        except LetterRefused as error:
            _log.warning("letter_refused", kind=due.kind, appointment_id=str(due.appointment_id), reason=str(error))
            return LetterResult.FAILED
        return LetterResult.SENT


async def _version(stores: Stores, visit: Sequence[Appointment]) -> int:
    """Return what grows whichever segment changes, and with every time that the visit is moved to."""
    first = visit[0]
    is_moved = first.first_id is not None
    changing = await stores.appointments.by_ids(first.tenant_id, [first.lineage]) if is_moved else visit
    return sum(each.version for each in changing)


def _facts(salon: Tenant, visit: Sequence[Appointment], version: int) -> Confirmation:
    whole = as_one(visit)
    return Confirmation(
        appointment_id=whole.id,
        lineage=whole.lineage,
        tenant_name=salon.name,
        time_zone=salon.time_zone,
        customer_name=whole.customer.name,
        customer_email=whole.customer.email,
        service_name=whole.offering.service_name,
        staff_name=whole.offering.staff_name,
        start=whole.start,
        end=whole.end,
        state=whole.state,
        version=version,
        former=whole.former,
    )
