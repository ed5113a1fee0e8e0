"""Writes down what came of asking Cal.com, and never over something newer.

A late answer, a cancellation, a webhook and a job may all want to write about one appointment. Whoever saw its newest
version writes; the others read again and go by what is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from booking_core.domain import letters, states
from booking_core.domain.calcom_news import CalcomFact, Standing
from booking_core.domain.errors import CalcomOutcomeUnknown, CalcomRateLimited, CalcomUnavailable
from booking_core.domain.models import OCCUPYING, Appointment, State
from booking_core.domain.ports import CalcomBooking, CalcomStatus, Database, Stores
from booking_core.domain.visits import as_one
from booking_core.services.commits import surely

# Cal.com did not do it, or nobody knows: a job goes on.
WAITING = (CalcomUnavailable, CalcomRateLimited, CalcomOutcomeUnknown)
STANDS_AS: Mapping[CalcomStatus, State] = {
    CalcomStatus.ACCEPTED: State.CONFIRMED,
    CalcomStatus.PENDING: State.PENDING,
}
# The salon is not asked more often than it can be expected to look.
FIRST_WORD_SECONDS = 60.0
ASTRAY = "made too late: the appointment was settled otherwise"
INCOMPLETE = "another part of the same visit could not be booked or was cancelled"
# The call has its own try first.
CARRIED_OUT_AFTER_SECONDS = 15.0


class Overtaken(Exception):
    """Somebody else has written about the appointment meanwhile; read it again."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The appointment as it stands now; not mine if somebody else had written since it was read."""

    appointment: Appointment
    is_mine: bool
    # All segments of the visit it belongs to, as they stand now.
    visit: Sequence[Appointment]

    @property
    def whole(self) -> Appointment:
        """The visit as its customer sees it."""
        return as_one(self.visit)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Each method is one transaction."""

    database: Database

    async def record(self, seen: Appointment, state: State, *, calcom_uid: str | None = None) -> Recorded:
        """Record the state, if the appointment is still as it was seen."""

        async def write() -> Recorded:
            async with self.database.begin(seen.tenant_id) as stores:
                return await record(stores, seen, state, calcom_uid=calcom_uid)

        return await surely(write)

    async def claim(self, seen: Appointment, state: State) -> Appointment:
        """Record the state and return the appointment. Raises Overtaken if it is no longer as it was seen."""
        recorded = await self.record(seen, state)
        if not recorded.is_mine:
            raise Overtaken
        return recorded.appointment

    async def made(self, seen: Appointment, booking: CalcomBooking) -> Recorded:
        """Record that the booking was made at Cal.com: a fact, whatever was thought of the appointment meanwhile.

        A booking that nobody waits for any more is undone by a job of its own. One that has ended since counts as
        requested: the customer hears from whoever looks after requests that the salon does not have it.
        """
        state = STANDS_AS.get(booking.status, State.PENDING)

        async def write() -> Recorded:
            async with self.database.begin(seen.tenant_id) as stores:
                recorded = await record(stores, seen, state, calcom_uid=booking.uid)
                while not recorded.is_mine and states.hears(recorded.appointment.state, state):
                    recorded = await record(stores, recorded.appointment, state, calcom_uid=booking.uid)
                if not recorded.is_mine and _is_astray(booking, recorded.appointment):
                    await stores.queue.undo(seen.tenant_id, booking.uid, reason=ASTRAY)
                return await _as_long_as_booked(stores, recorded, booking)

        return await surely(write)


async def record(
    stores: Stores, seen: Appointment, state: State, *, calcom_uid: str | None = None, reason: str | None = None
) -> Recorded:
    """As `Outcomes.record`, within a transaction that has more to write; `reason` is for Cal.com, why it is cancelled.

    What the salon must accept is looked after by a job, and what the customer must know by a letter; both are put down
    here. What stands lets go of what it replaces: the customer has one appointment after the commit, as before. With
    the end of a segment its whole visit ends.
    """
    visit = await segments_of(stores, seen)
    settled = await stores.appointments.settle(seen, state, calcom_uid=calcom_uid, reason=reason)
    if settled is None:
        standing = await stores.appointments.find(seen.tenant_id, seen.id) or seen
        return Recorded(standing, is_mine=False, visit=_with(visit, standing))
    if settled.former is not None and state in STANDS_AS.values():
        await _let_go(stores, settled, settled.former.id)
    if state is State.PENDING:
        await stores.queue.settle(seen.tenant_id, seen.id, after_seconds=FIRST_WORD_SECONDS)
    recorded = Recorded(settled, is_mine=True, visit=_with(visit, settled))
    if state not in OCCUPYING:
        recorded = await _with_others_called_off(stores, recorded, reason=reason or INCOMPLETE)
    letter = letters.called_for(as_one(visit), recorded.whole.state)
    if letter is not None:
        await stores.letters.put_down(recorded.whole, letter)
    return recorded


async def _as_long_as_booked(stores: Stores, recorded: Recorded, booking: CalcomBooking) -> Recorded:
    """Keep the chair as long as Cal.com does: somebody may have changed the service there since we learnt of it.

    If somebody else comes before that is over, nothing changes here, and reconciliation tells a person.
    """
    standing = recorded.appointment
    is_same_start = booking.start == standing.start and booking.uid == standing.calcom_uid
    if not recorded.is_mine or not is_same_start or booking.end is None or booking.end == standing.end:
        return recorded
    kept = await stores.appointments.keep_until(standing, booking.end)
    return Recorded(kept, is_mine=True, visit=_with(recorded.visit, kept)) if kept else recorded


async def call_off(stores: Stores, appointment: Appointment, *, reason: str) -> Recorded:
    """Note, within a transaction that may have more to write, that its visit is to be cancelled; the jobs are in it.

    What is certainly not at Cal.com is cancelled at once. What has ended, or is being cancelled, is left alone.
    """
    recorded = await _call_off_alone(stores, appointment, reason=reason)
    return await _with_others_called_off(stores, recorded, reason=reason)


async def _with_others_called_off(stores: Stores, recorded: Recorded, *, reason: str) -> Recorded:
    others = [each for each in recorded.visit if each.id != recorded.appointment.id]
    for each in others:
        await _call_off_alone(stores, each, reason=reason)
    return replace(recorded, visit=await segments_of(stores, recorded.appointment)) if others else recorded


async def _call_off_alone(stores: Stores, appointment: Appointment, *, reason: str) -> Recorded:
    recorded = Recorded(appointment, is_mine=False, visit=await segments_of(stores, appointment))
    while not recorded.is_mine and recorded.appointment.state in OCCUPYING:
        seen = recorded.appointment
        if seen.state is State.CANCELLING:
            break
        state = State.CANCELLED if seen.state is State.QUEUED else State.CANCELLING
        recorded = await record(stores, seen, state, reason=reason)
    if recorded.is_mine and recorded.appointment.state is State.CANCELLING:
        await stores.queue.settle(appointment.tenant_id, appointment.id, after_seconds=CARRIED_OUT_AFTER_SECONDS)
    return recorded


async def segments_of(stores: Stores, appointment: Appointment) -> Sequence[Appointment]:
    """Return the whole visit; mostly the appointment alone, without asking the database.

    Until the transaction ends nobody else writes about it, so that exactly one writer sees it become complete.
    """
    if appointment.visit_id is None:
        return [appointment]
    return await stores.appointments.visit(appointment.tenant_id, appointment.visit_id)


def _with(visit: Sequence[Appointment], changed: Appointment) -> Sequence[Appointment]:
    return [changed if each.id == changed.id else each for each in visit]


async def tell_moved(stores: Stores, moved: Appointment) -> None:
    """Put down, in the transaction that moves an appointment, the letter that says so; given as it was before."""
    if letters.may_be_told(moved):
        whole = as_one(await segments_of(stores, moved))
        await stores.letters.put_down(replace(whole, version=moved.version), letters.LetterKind.MOVED)


async def _let_go(stores: Stores, moved: Appointment, former_id: UUID) -> None:
    former = await stores.appointments.find(moved.tenant_id, former_id)
    while former is not None and states.allows(former.state, State.MOVED):
        if await stores.appointments.settle(former, State.MOVED) is not None:
            await _note_move(stores, moved, former)
            return
        former = await stores.appointments.find(moved.tenant_id, former_id)


async def _note_move(stores: Stores, moved: Appointment, former: Appointment) -> None:
    """Put the move among Cal.com's facts: its own word may never come, and an earlier one's, come late, is no news."""
    if former.calcom_uid is not None:
        about, successor = moved.lineage, moved.calcom_uid
        fact = CalcomFact(former.calcom_uid, Standing.ENDED, appointment_id=about, successor=successor)
        await stores.calcom_bookings.learn(moved.tenant_id, fact)


def _is_astray(booking: CalcomBooking, standing: Appointment) -> bool:
    """A booking whose uid we do not know yet is ours, as long as anybody waits for it or looks for it to cancel it."""
    if standing.calcom_uid is None:
        return standing.state not in OCCUPYING
    return standing.calcom_uid != booking.uid
