"""Where Cal.com and we differ: both worlds laid side by side, and what a run may do about it.

Apart from the reconciliation itself because these are decisions, and a wrong one cancels somebody's good appointment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from uuid import UUID

from booking_core.domain.models import OCCUPYING, UNSETTLED, Appointment, State

# A difference is believed when it was seen in two runs so far apart: lists lag, and bookings move while we look.
GRACE = timedelta(seconds=60)
# No call to Cal.com, its retries included, takes longer: what is younger may still be somebody's work.
LONGEST_CALL = timedelta(minutes=2)
# What was done and did not help is done again, but not in every run.
AGAIN_AFTER = timedelta(hours=1)


class Kind(StrEnum):
    """How the two worlds can differ."""

    ORPHAN_THERE = "orphan_there"  # ours by its metadata, lives at Cal.com, no living appointment of ours has it
    ORPHAN_HERE = "orphan_here"  # confirmed here, cancelled or absent there
    MISMATCH = "mismatch"  # lives in both, at another time or with another event type
    STUCK = "stuck"  # between the worlds for longer than allowed
    FOREIGN = "foreign"  # lives there and is none of ours


class Action(StrEnum):
    """What can be done about a difference."""

    CANCEL_THERE = "cancel_there"
    CANCEL_HERE = "cancel_here"
    ADOPT = "adopt"  # Cal.com's time and event type
    SETTLE = "settle"  # look for it, make it, or give it up
    MAKE_AGAIN = "make_again"  # look for it, and make it where it is truly gone
    ASK_A_PERSON = "ask_a_person"
    LEAVE_ALONE = "leave_alone"


class Outcome(StrEnum):
    """What a run made of one difference: something was done, or why nothing was."""

    CANCELLED_THERE = "cancelled_there"
    CANCELLED_HERE = "cancelled_here"
    ADOPTED = "adopted"
    MAKING_AGAIN = "making_again"
    SETTLING = "settling"
    LEFT_TO_A_PERSON = "left_to_a_person"
    GONE = "gone"  # looked at again before it was touched: it differs no longer, or differs otherwise
    CAPPED = "capped"  # the day's allowance is used up
    FAILED = "failed"  # Cal.com or the database did not let us
    WAITING = "waiting"  # to be seen again before it is believed, or for what was done to show
    WOULD_ACT = "would_act"  # a dry run


# Nothing is left to do about these, by us or by a person.
SETTLED = (Outcome.CANCELLED_THERE, Outcome.CANCELLED_HERE, Outcome.ADOPTED, Outcome.GONE)
# What the day's allowance counts.
CHANGES = (Outcome.CANCELLED_THERE, Outcome.CANCELLED_HERE, Outcome.ADOPTED, Outcome.MAKING_AGAIN)


# No remedy takes longer: a run that has claimed a change and not said what came of it was killed.
LONGEST_REMEDY = timedelta(minutes=10)


class Claim(Enum):
    """Whether a run may change something about a difference."""

    GRANTED = auto()
    USED_UP = auto()  # as many were changed today as may be
    ANOTHERS = auto()  # another run is at it, or was since this one looked


@dataclass(frozen=True, slots=True)
class ListedBooking:
    """A booking as Cal.com lists it. `appointment_id` and `tenant_id` are our metadata, None where there is none."""

    uid: str
    status: str
    event_type_id: int | None
    start: datetime
    end: datetime
    created_at: datetime
    appointment_id: UUID | None = None
    tenant_id: UUID | None = None
    # Cal.com's name of the host, which is our slug of the member of staff.
    host: str | None = None

    @property
    def is_living(self) -> bool:
        return self.status in ("accepted", "pending")


@dataclass(frozen=True, slots=True)
class Window:
    """The starts that were compared: from the first instant to before the last."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `booking` is what Cal.com shows of it, if anything."""

    kind: Kind
    appointment: Appointment | None = None
    booking: ListedBooking | None = None

    @property
    def subject(self) -> str:
        """Name what differs: the same difference has the same subject in every run."""
        if self.kind in (Kind.ORPHAN_THERE, Kind.FOREIGN) and self.booking is not None:
            return self.booking.uid
        return str(self.appointment.id) if self.appointment is not None else ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One tenant's two worlds at one moment.

    `rows` holds every appointment of ours that starts in the window or is unsettled, and every one that a booking
    names; `bookings` what Cal.com lists for the window and what it changed lately.
    """

    tenant_id: UUID
    window: Window
    now: datetime
    stuck_after: timedelta

    def findings(self, rows: Iterable[Appointment], bookings: Iterable[ListedBooking]) -> Iterator[Finding]:
        """Yield every difference once."""
        ours = {row.id: row for row in rows}
        visits: dict[UUID, list[Appointment]] = defaultdict(list)
        for row in ours.values():
            visits[row.lineage].append(row)
        theirs = {booking.uid: self._attributed(booking, visits) for booking in bookings}
        named = self._named(theirs.values())
        for row in ours.values():
            known = theirs.get(row.calcom_uid or "")
            is_its_own = known is not None and known.appointment_id in (None, row.id)
            yield from self._about_ours(row, named.get(row.id, ()), known if is_its_own else None)
        known_uids = {row.calcom_uid for row in ours.values()}
        for booking in theirs.values():
            if not booking.is_living or booking.start < self.now:
                continue
            if self._is_ours(booking):
                yield from self._about_named(booking, ours, named)
            elif booking.uid not in known_uids:
                yield Finding(Kind.FOREIGN, booking=booking)

    def strangers(self, rows: Iterable[Appointment], bookings: Iterable[ListedBooking]) -> Iterator[ListedBooking]:
        """Yield every booking that is none of ours, dead or alive: what others take, and what they give back."""
        known_uids = {row.calcom_uid for row in rows}
        yield from (each for each in bookings if not self._is_ours(each) and each.uid not in known_uids)

    def _attributed(self, booking: ListedBooking, visits: Mapping[UUID, Sequence[Appointment]]) -> ListedBooking:
        """Name the appointment that a booking is of: its metadata names the first of a visit, however often moved."""
        if booking.appointment_id is None or not self._is_ours(booking):
            return booking
        visit = visits.get(booking.appointment_id, ())
        known = next((row for row in visit if row.calcom_uid == booking.uid), None)
        living = (row for row in visit if row.state in OCCUPYING)
        owner = known or max(living, key=lambda row: row.asked_at, default=None)
        return replace(booking, appointment_id=owner.id) if owner else booking

    def _named(self, bookings: Iterable[ListedBooking]) -> Mapping[UUID | None, Sequence[ListedBooking]]:
        """Return the living bookings of each of our appointments, by our own metadata."""
        named: dict[UUID | None, list[ListedBooking]] = {}
        for booking in bookings:
            if booking.is_living and self._is_ours(booking):
                named.setdefault(booking.appointment_id, []).append(booking)
        return named

    def _is_ours(self, booking: ListedBooking) -> bool:
        return booking.appointment_id is not None and booking.tenant_id == self.tenant_id

    def _about_ours(
        self, row: Appointment, living: Sequence[ListedBooking], known: ListedBooking | None
    ) -> Iterator[Finding]:
        # What the salon has not accepted yet hangs between nothing.
        if row.state in UNSETTLED and row.state is not State.PENDING and self.now - row.waits_since >= self.stuck_after:
            yield Finding(Kind.STUCK, row)
        if row.state is not State.CONFIRMED or row.start < self.now:
            return
        booking = _standing_for(row, living) or known
        if booking is not None and booking.is_living:
            if differs(row, booking):
                yield Finding(Kind.MISMATCH, row, booking)
        elif booking is not None or row.start in self.window:
            yield Finding(Kind.ORPHAN_HERE, row, booking)

    def _about_named(
        self,
        booking: ListedBooking,
        ours: Mapping[UUID, Appointment],
        named: Mapping[UUID | None, Sequence[ListedBooking]],
    ) -> Iterator[Finding]:
        row = ours.get(booking.appointment_id) if booking.appointment_id else None
        is_old_enough = self.now - booking.created_at >= max(GRACE, LONGEST_CALL)
        if is_old_enough and not is_wanted(row, booking, named[booking.appointment_id]):
            yield Finding(Kind.ORPHAN_THERE, row, booking)


def is_wanted(row: Appointment | None, booking: ListedBooking, living: Sequence[ListedBooking]) -> bool:
    """Tell whether an appointment of ours lives by this booking, or may yet turn out to: then nobody cancels it."""
    if row is None or row.state not in OCCUPYING:
        return False
    return row.state is not State.CONFIRMED or _standing_for(row, living) in (booking, None)


def _standing_for(row: Appointment, living: Collection[ListedBooking]) -> ListedBooking | None:
    """Return the booking that a confirmed appointment lives by: the one it knows, else the newest made of it."""
    known = (booking for booking in living if booking.uid == row.calcom_uid)
    return next(known, None) or max(living, key=lambda booking: (booking.created_at, booking.uid), default=None)


def differs(row: Appointment, booking: ListedBooking) -> bool:
    """Tell whether Cal.com holds the appointment otherwise than we do."""
    # The event type of a booking that outlived its own is told as none.
    event_type_id = booking.event_type_id or row.offering.calcom_event_type_id
    there = (booking.uid, booking.start, booking.end, event_type_id)
    return there != (row.calcom_uid, row.start, row.end, row.offering.calcom_event_type_id)


def remedy(finding: Finding) -> Action:
    """Return what is to be done about a difference once it is believed."""
    match finding.kind:
        case Kind.ORPHAN_THERE:
            # Every booking is made from a committed row. Where the row is gone, we have forgotten something (a backup
            # was restored?), and what a customer was told must not be undone by a machine that has no memory of it.
            return Action.ASK_A_PERSON if finding.appointment is None else Action.CANCEL_THERE
        case Kind.ORPHAN_HERE:
            # Absent altogether: nobody said no. It is looked for again and, were it truly gone, made again.
            return Action.MAKE_AGAIN if finding.booking is None else Action.CANCEL_HERE
        case Kind.MISMATCH:
            return Action.ADOPT
        case Kind.STUCK:
            return Action.SETTLE
        case Kind.FOREIGN:
            return Action.LEAVE_ALONE


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is remembered of a difference from run to run."""

    kind: Kind
    subject: str
    first_seen: datetime
    last_seen: datetime
    sightings: int = 1
    outcome: Outcome | None = None
    acted_at: datetime | None = None

    def is_believed(self) -> bool:
        return self.sightings > 1 and self.last_seen - self.first_seen >= GRACE

    def is_due(self, *, now: datetime) -> bool:
        return self.is_believed() and (self.acted_at is None or now - self.acted_at >= AGAIN_AFTER)


# What a customer or a chair depends on: a day's cap limits it. To look once more at what is stuck harms nobody.
CAPPED = (Action.CANCEL_THERE, Action.CANCEL_HERE, Action.ADOPT, Action.MAKE_AGAIN)
