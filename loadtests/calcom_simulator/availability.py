"""Slot arithmetic: when a host is open, which starts are free, and why a start is refused.

Apart from the store because it is pure: openings, busy spans and a clock in; starts or a refusal out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from loadtests.calcom_simulator.errors import BadRequest
from loadtests.calcom_simulator.event_types import EventType, Host, Span

IN_THE_PAST = "Attempting to book a meeting in the past."
OUT_OF_BOUNDS = (
    'The event type can\'t be booked at the "start" time provided. It is either too soon (minimum booking notice) or '
    "too far ahead (booking window)."
)
NOT_AVAILABLE = "User either already has booking at this time or is not available"


def openings(host: Host, span: Span) -> Iterator[Span]:
    """Yield the host's openings of every local day the span touches."""
    day = span.start.astimezone(host.zone).date()
    last = span.end.astimezone(host.zone).date()
    while day <= last:
        opening = host.hours.on(day, host.zone)
        if opening is not None:
            yield opening
        day += timedelta(days=1)


class BusyTimes:
    """What a host is booked for. Spans of one host never overlap, so their starts and ends sort alike."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._starts = sorted(span.start for span in spans)
        self._ends = sorted(span.end for span in spans)

    def is_free(self, start: datetime, end: datetime) -> bool:
        following = bisect_right(self._ends, start)
        return following == len(self._ends) or self._starts[following] >= end


def free_starts(event_type: EventType, *, within: Span, busy: Sequence[Span], now: datetime) -> Iterator[datetime]:
    """Yield every start Cal.com would offer, both ends of `within` included."""
    bookable = event_type.bookable(now)
    first, last = max(within.start, bookable.start), min(within.end, bookable.end)
    if last < first:
        return
    times = BusyTimes(busy)
    for opening in openings(event_type.host, Span(first, last)):
        for start in _grid(opening, event_type):
            if first <= start <= last and times.is_free(start, start + event_type.length):
                yield start


def _grid(opening: Span, event_type: EventType) -> Iterator[datetime]:
    step = timedelta(minutes=event_type.step_minutes)
    start = opening.start
    while start + event_type.length <= opening.end:
        yield start
        start += step


def refuse_unless_bookable(event_type: EventType, span: Span, *, busy: Sequence[Span], now: datetime) -> None:
    """Raise what POST /v2/bookings answers for this time.

    A start between two slots passes: Cal.com checks its hours, not its own grid.
    """
    if span.start < now:
        raise BadRequest(IN_THE_PAST)
    bookable = event_type.bookable(now)
    if not bookable.start <= span.start <= bookable.end:
        raise BadRequest(OUT_OF_BOUNDS)
    is_open = any(opening.contains(span) for opening in openings(event_type.host, span))
    if not is_open or not BusyTimes(busy).is_free(span.start, span.end):
        raise BadRequest(NOT_AVAILABLE)
