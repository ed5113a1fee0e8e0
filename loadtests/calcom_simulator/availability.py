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
NO_HOST_AVAILABLE = "One of the hosts either already has booking at this time or is not available"


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
    """What a host is booked for. Spans may overlap: a lost race and a late confirmation both make that happen."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._starts = sorted(span.start for span in spans)
        self._ends = sorted(span.end for span in spans)

    def is_free(self, span: Span) -> bool:
        # Free when as many spans have begun before the end as were over by the start.
        over = bisect_right(self._ends, span.start)
        return over == len(self._ends) or self._starts[over] >= span.end


def free_starts(
    event_type: EventType, host: Host, *, within: Span, busy: Sequence[Span], now: datetime
) -> Iterator[datetime]:
    """Yield every start Cal.com would offer at this host, both ends of `within` included."""
    bookable = event_type.bookable(now)
    first, last = max(within.start, bookable.start), min(within.end, bookable.end)
    if last < first:
        return
    times = BusyTimes(busy)
    for opening in openings(host, Span(first, last)):
        for span in _grid(opening, event_type):
            if first <= span.start <= last and times.is_free(event_type.padded(span)):
                yield span.start


def _grid(opening: Span, event_type: EventType) -> Iterator[Span]:
    step = timedelta(minutes=event_type.step_minutes)
    span = event_type.span_from(opening.start)
    while span.end <= opening.end:
        yield span
        span = Span(span.start + step, span.end + step)


def refuse_out_of_bounds(event_type: EventType, start: datetime, *, now: datetime) -> None:
    """Raise what Cal.com answers for a start that no free calendar could help."""
    if start < now:
        raise BadRequest(IN_THE_PAST)
    bookable = event_type.bookable(now)
    if not bookable.start <= start <= bookable.end:
        raise BadRequest(OUT_OF_BOUNDS)


def is_free(event_type: EventType, host: Host, span: Span, *, busy: Sequence[Span]) -> bool:
    """Tell whether the host can take it. A start between two slots can be booked: hours are checked, not the grid."""
    is_open = any(opening.contains(span) for opening in openings(host, span))
    return is_open and BusyTimes(busy).is_free(event_type.padded(span))


def refusal(event_type: EventType) -> BadRequest:
    """Return the answer for a time that is taken or closed; a team's event type says it in other words."""
    return BadRequest(NO_HOST_AVAILABLE if event_type.team is not None else NOT_AVAILABLE)
