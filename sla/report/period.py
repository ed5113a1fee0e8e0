"""What a report is about: a stretch of time, and its weeks, on the calendar of one time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MONTH = re.compile(r"(\d{4})-(\d{2})")


class PeriodError(ValueError):
    """The period cannot be read, or has not begun; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to, and without, `end`; both are aware and in UTC."""

    name: str
    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    def weeks(self) -> Iterator[Period]:
        """Yield the calendar weeks, from Monday; the first and the last may be cut."""
        begins = self.start
        while begins < self.end:
            local = begins.astimezone(self.zone).date()
            monday = local + timedelta(days=7 - local.weekday())
            ends = min(_midnight(monday, self.zone), self.end)
            year, week, _ = local.isocalendar()
            yield Period(f"{year}-W{week:02d}", begins, ends, self.zone)
            begins = ends


def month(text: str, zone: ZoneInfo) -> Period:
    """Return a calendar month; it may have an hour more or less where clocks change. Raises PeriodError."""
    match = _MONTH.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= 12:
        raise PeriodError(f"{text!r} is no month; write one like 2026-10")
    first = date(int(match[1]), int(match[2]), 1)
    return Period(text, _midnight(first, zone), _midnight(_next_month(first), zone), zone)


def months_before(period: Period, number: int) -> list[Period]:
    """Return the calendar months before the one in which a period begins, the earliest first."""
    first = period.start.astimezone(period.zone).date().replace(day=1)
    found: list[Period] = []
    for _ in range(number):
        first = (first - timedelta(days=1)).replace(day=1)
        found.insert(0, month(f"{first:%Y-%m}", period.zone))
    return found


def between(start: str, end: str, zone: ZoneInfo) -> Period:
    """Return the time between two ISO 8601 moments; without an offset they are local. Raises PeriodError."""
    begins, ends = _moment(start, zone), _moment(end, zone)
    if begins >= ends:
        raise PeriodError(f"the period ends ({end}) before it begins ({start}); exchange them")
    return Period(f"{begins.astimezone(zone):%Y-%m-%dT%H%M}-{ends.astimezone(zone):%Y-%m-%dT%H%M}", begins, ends, zone)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise PeriodError(f"{text!r} is no moment; write one like 2026-10-01 or 2026-10-01T08:30") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
