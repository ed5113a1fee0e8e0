"""Letters to customers: which one a change of an appointment calls for, when it is still true, when to try again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from booking_core.domain.models import UNSETTLED, Appointment, Former, State, Traffic


class LetterKind(StrEnum):
    """What a letter says; the words stand in Message-IDs and in the database."""

    CONFIRMED = "confirmed"
    NOT_POSSIBLE = "not-possible"
    CANCELLED = "cancelled"  # at Cal.com, by whomever
    CALLED_OFF = "called-off"  # through us, as the customer asked
    NOT_CANCELLED = "not-cancelled"
    MOVED = "moved"  # at Cal.com, or through us, as the customer asked
    NOT_MOVED = "not-moved"


# An appointment ends once, and its end is told once.
ENDINGS = (LetterKind.NOT_POSSIBLE, LetterKind.CANCELLED, LetterKind.CALLED_OFF)


class LetterResult(StrEnum):
    """How a letter ended."""

    SENT = "sent"
    FAILED = "failed"  # refused for good, or not taken for a day
    OBSOLETE = "obsolete"  # not true any more when its turn came


class LetterRefused(Exception):
    """The mail server will never take this letter."""


class MailUnavailable(Exception):
    """The mail server did not take the letter now, or did not say; later it may."""


class MailServerAway(MailUnavailable):
    """The mail server takes no letter at all now."""


@dataclass(frozen=True, slots=True)
class DueLetter:
    """A letter that was put down and waits to be sent."""

    tenant_id: UUID
    appointment_id: UUID
    kind: LetterKind
    put_down_at: datetime
    tries: int = 0
    # An appointment may be moved more than once, and each time is news: the version that was moved.
    revision: int = 0


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """An iCalendar object (RFC 5545) and what to do with it (RFC 5546)."""

    method: str
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to a customer. The address of the sender is the system's, the name the salon's."""

    to: str
    sender: str
    sender_name: str
    subject: str
    text: str
    message_id: str
    date: datetime
    calendar_entry: CalendarEntry | None = None


def may_be_told(appointment: Appointment) -> bool:
    """Tell whether anybody is to be written to: a probe never, nor a customer without an address."""
    return appointment.customer.email is not None and appointment.origin.traffic is Traffic.REAL


def revision_of(appointment: Appointment, kind: LetterKind) -> int:
    """Return what tells apart the letters of one kind about one appointment, where there may be several."""
    return appointment.version if kind is LetterKind.MOVED else 0


# What was never confirmed is told as not possible.
_CANCELLED_FROM: Mapping[State, LetterKind] = {
    State.QUEUED: LetterKind.CALLED_OFF,
    State.CANCELLING: LetterKind.CALLED_OFF,
    State.CONFIRMED: LetterKind.CANCELLED,
}


def called_for(before: Appointment, after: State) -> LetterKind | None:
    """Return the letter that a change of state calls for; who heard of a failure on the telephone gets none."""
    if not may_be_told(before) or before.state is after:
        return None
    if after in {State.FAILED, State.RELEASED}:
        # Written about before: the caller has hung up with the promise that we will confirm.
        regret = LetterKind.NOT_MOVED if before.is_move else LetterKind.NOT_POSSIBLE
        return regret if before.version > 0 else None
    if after is State.CANCELLED and before.is_move:
        return None  # its former time is called off with it, and the letter about that is enough
    if after is State.CANCELLED:
        return _CANCELLED_FROM.get(before.state, LetterKind.NOT_POSSIBLE)
    if before.state is State.CANCELLING and after in {State.CONFIRMED, State.PENDING}:
        return LetterKind.NOT_CANCELLED
    stands = LetterKind.MOVED if before.is_move else LetterKind.CONFIRMED
    return stands if after is State.CONFIRMED else None


_TRUE_OF: Mapping[LetterKind, frozenset[State]] = {
    LetterKind.CONFIRMED: frozenset({State.CONFIRMED}),
    LetterKind.MOVED: frozenset({State.CONFIRMED}),
    LetterKind.NOT_MOVED: frozenset({State.FAILED, State.RELEASED}),
    LetterKind.NOT_CANCELLED: frozenset({State.CONFIRMED, State.PENDING}),
    LetterKind.CANCELLED: frozenset({State.CANCELLED}),
    LetterKind.CALLED_OFF: frozenset({State.CANCELLED}),
    # What the salon did not accept in time is taken back from Cal.com after the customer is told.
    LetterKind.NOT_POSSIBLE: frozenset({State.FAILED, State.RELEASED, State.CANCELLING, State.CANCELLED}),
}


def is_true(kind: LetterKind, state: State, former: Former | None = None) -> bool:
    """Tell whether a letter says how the appointment stands, and its former time, where it speaks of that."""
    if kind is LetterKind.NOT_MOVED and (former is None or former.state is not State.CONFIRMED):
        return False
    return state in _TRUE_OF[kind]


def may_become_true(kind: LetterKind, state: State) -> bool:
    """Tell whether a letter is worth keeping although the appointment does not stand as it says at the moment."""
    return kind not in ENDINGS and state in UNSETTLED


# The call, or whoever wrote about the appointment, has its own try first.
FIRST_TRY_AFTER = timedelta(minutes=1)
# Greylisting servers take a letter that comes again after one to fifteen minutes.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 15, 30, 60))
GIVEN_UP_AFTER = timedelta(hours=24)


def pause_after(tries: int) -> timedelta:
    """Return how long to wait for the next try after so many; it also ends the claim of whoever died in one."""
    return PAUSES[min(tries, len(PAUSES)) - 1]
