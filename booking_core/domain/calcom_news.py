"""What Cal.com tells of its bookings, and what follows for an appointment of ours: pure, and free of order.

A webhook may come late, twice, or before what it follows upon. So what is known of a booking only ever grows: its
standing rises and never falls, and nothing that has ended lives again. The same facts in any order come to the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from booking_core.domain import states
from booking_core.domain.models import Appointment, State


class Standing(IntEnum):
    """How a booking stands at Cal.com; the higher knowledge wins."""

    PENDING = 1  # it waits for the salon's consent
    ACCEPTED = 2
    ENDED = 3  # cancelled, declined, or moved to its successor


@dataclass(frozen=True, slots=True)
class CalcomFact:
    """What one webhook says of one booking. `appointment_id` is ours, if its metadata names one."""

    uid: str
    standing: Standing
    start: datetime | None = None
    end: datetime | None = None
    # Cal.com's name of the host, which is our slug of the member of staff.
    host: str | None = None
    appointment_id: UUID | None = None
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class KnownBooking:
    """Everything that was ever said of one booking, put together."""

    uid: str
    standing: Standing
    start: datetime | None = None
    end: datetime | None = None
    staff_id: UUID | None = None
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class Consequence:
    """What becomes of the appointment: another state, another place at Cal.com, or both."""

    state: State
    booking: KnownBooking
    is_moved: bool


def consequence(appointment: Appointment, known: Sequence[KnownBooking]) -> Consequence | None:
    """Return what the appointment has to become, given all bookings that were ever made for it; None if nothing."""
    head = _head(appointment, known)
    if head is None:
        return None
    if head.standing is Standing.ENDED:
        return _ended(appointment, head, known)
    news = State.CONFIRMED if head.standing is Standing.ACCEPTED else State.PENDING
    if states.hears(appointment.state, news):
        return Consequence(news, head, is_moved=_is_elsewhere(appointment, head))
    if appointment.state is news and _was_moved(appointment, head, known):
        return Consequence(news, head, is_moved=True)
    return None


def _head(appointment: Appointment, known: Sequence[KnownBooking]) -> KnownBooking | None:
    """Return where the chain of moves has come to.

    It begins at the booking that the appointment has. Only if that one is not known, any that lives will do: a double
    is not ours to settle.
    """
    by_uid = {each.uid: each for each in known}
    head = by_uid.get(appointment.calcom_uid or "")
    if head is None:
        heads = [each for each in known if each.successor is None]
        living = [each for each in heads if each.standing is not Standing.ENDED]
        return max(living or heads, key=lambda each: each.uid, default=None)
    for _ in known:  # no chain is longer, whatever anybody makes us believe
        head = by_uid.get(head.successor or "", head)
    return head


def _ended(appointment: Appointment, head: KnownBooking, known: Sequence[KnownBooking]) -> Consequence | None:
    # A booking that nobody told us of may live on: only what is known to have ended takes the appointment with it.
    if appointment.calcom_uid not in {None, *(each.uid for each in known)}:
        return None
    # What the salon never accepted was declined, whoever withdrew it.
    end = State.RELEASED if appointment.state is State.PENDING else State.CANCELLED
    if not states.allows(appointment.state, end):
        return None
    return Consequence(end, head, is_moved=_is_elsewhere(appointment, head))


def _was_moved(appointment: Appointment, head: KnownBooking, known: Sequence[KnownBooking]) -> bool:
    return head.uid != appointment.calcom_uid and any(each.successor == head.uid for each in known)


def _is_elsewhere(appointment: Appointment, head: KnownBooking) -> bool:
    return head.start is not None and (head.start, head.end) != (appointment.start, appointment.end)
