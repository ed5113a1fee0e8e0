"""A visit: what a customer comes for once. Mostly one appointment; several when a gap in it belongs to somebody else.

While a colour takes effect, the same member of staff may serve another customer: the visit holds only its segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID, uuid5

from booking_core.domain.models import Appointment, Offering, State

# How one member of staff does the whole service: a segment after the other.
Pattern = Sequence[Offering]
Stretch = tuple[datetime, datetime]

# What is told of several is what is worst among them; a visit is cancelled only when nothing of it stands.
_WORST_FIRST = (
    State.FAILED,
    State.RELEASED,
    State.CANCELLING,
    State.UNKNOWN,
    State.CREATING,
    State.QUEUED,
    State.PENDING,
    State.MOVED,
    State.CONFIRMED,
    State.CANCELLED,
)


def patterns(offerings: Iterable[Offering]) -> Sequence[Pattern]:
    """Return the offerings of each member of staff, who are listed one after the other."""
    return [tuple(segments) for _, segments in groupby(offerings, key=lambda each: each.staff_id)]


def stretches(pattern: Pattern, start: datetime) -> Sequence[Stretch]:
    """Return when each segment begins and ends, in a visit from `start`."""
    return [_stretch(segment, start) for segment in pattern]


def _stretch(segment: Offering, start: datetime) -> Stretch:
    begins = start + timedelta(minutes=segment.offset_minutes)
    return begins, begins + timedelta(minutes=segment.minutes)


def certain_stretches(offered: Sequence[Pattern], start: datetime) -> Sequence[Stretch]:
    """Return the time that the visit takes whoever does it: what is in every member of staff's segments."""
    together = zip(*(stretches(pattern, start) for pattern in offered), strict=False)
    shared = [(max(begin for begin, _ in each), min(end for _, end in each)) for each in together]
    return [(begin, end) for begin, end in shared if begin < end]


def segment_key(visit_key: UUID, number: int) -> UUID:
    """Return the key of a segment: the visit's own for the first, and derived from it for the others."""
    return uuid5(visit_key, f"segment {number}") if number else visit_key


def begins_at(segment: Appointment) -> datetime:
    """Return when the visit begins to which a segment belongs."""
    return segment.start - timedelta(minutes=segment.offering.offset_minutes)


def standing(states: Iterable[State]) -> State:
    """Return how a visit stands as a whole."""
    return min(states, key=_WORST_FIRST.index)


def next_to_make(visit: Sequence[Appointment]) -> Appointment | None:
    """Return the segment whose turn it is to be asked for: the first that waits, when all before it stand."""
    following = next((each for each in visit if each.state not in {State.CONFIRMED, State.PENDING}), None)
    return following if following and following.state is State.QUEUED else None


def as_one(segments: Sequence[Appointment]) -> Appointment:
    """Return a visit as its customer sees it: one appointment from the first minute to the last."""
    first, *others = segments
    if not others:
        return first
    return replace(first, end=segments[-1].end, state=standing(each.state for each in segments))
