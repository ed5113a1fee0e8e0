"""Every change of every clock in the world for three years: what was said is what is stored, or it is asked back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from booking_core.domain import rules
from booking_core.domain.errors import TimeNotBookable
from tests.factories import BERLIN, NOW

UNTIL = NOW.replace(year=NOW.year + 3)
MINUTE = timedelta(minutes=1)
# Shorter than any spell of summer or winter time; Morocco's is four weeks.
STRIDE = timedelta(days=7)


@dataclass(frozen=True)
class Change:
    """A zone's offset from UTC becomes another one at an instant."""

    zone: ZoneInfo
    at: datetime
    before: timedelta
    after: timedelta

    @property
    def strange(self) -> tuple[datetime, datetime]:
        """The local times that do not exist, or exist twice, as a half-open stretch."""
        first, second = sorted((self.before, self.after))
        return self.local(first), self.local(second)

    def local(self, offset: timedelta) -> datetime:
        return (self.at + offset).replace(tzinfo=None)


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    known = moment.astimezone(zone).utcoffset()
    assert known is not None
    return known


def changes_of(zone: ZoneInfo) -> Iterator[Change]:
    """Find the changes by stepping through the weeks and halving those in which the offset differs."""
    moment, known = NOW, offset(zone, NOW)
    while moment < UNTIL:
        following = moment + STRIDE
        now = offset(zone, following)
        if now != known:
            yield Change(zone, _first_with(now, zone, moment, following), known, now)
        moment, known = following, now


def _first_with(wanted: timedelta, zone: ZoneInfo, without: datetime, having: datetime) -> datetime:
    while having - without > timedelta(seconds=1):
        middle = without + (having - without) // 2
        without, having = (without, middle) if offset(zone, middle) == wanted else (middle, having)
    return having.replace(microsecond=0)


@cache
def all_changes() -> tuple[Change, ...]:
    return tuple(change for name in sorted(available_timezones()) for change in changes_of(ZoneInfo(name)))


def heard(local: datetime, zone: ZoneInfo) -> str:
    """Return what becomes of a local time: how it reads when stored, or why the caller is asked."""
    try:
        stored = rules.instant(local.isoformat(), zone)
    except TimeNotBookable as refusal:
        return "does not exist" if "does not exist" in str(refusal) else "comes twice"
    return rules.local_text(stored, zone)


def test_the_world_changes_its_clocks_often_enough_to_prove_something():
    zones = {change.zone.key for change in all_changes()}

    assert len(zones) > 100
    assert {"Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Africa/Casablanca"} <= zones
    assert "Asia/Tokyo" not in zones


def test_a_time_that_is_skipped_or_comes_twice_is_asked_back_in_every_zone():
    wrong = [
        (change, local)
        for change in all_changes()
        for first, end in [change.strange]
        for local in (first, first + (end - first) / 2, end - MINUTE)
        if heard(local, change.zone) != ("does not exist" if change.after > change.before else "comes twice")
    ]

    assert wrong == []


def test_the_minutes_around_every_change_are_stored_as_they_were_said():
    wrong = [
        (change, local)
        for change in all_changes()
        for first, end in [change.strange]
        for local in (first - MINUTE, end, end + timedelta(hours=12))
        if heard(local, change.zone) != local.strftime("%Y-%m-%dT%H:%M")
    ]

    assert wrong == []


def test_every_instant_around_a_change_is_spoken_as_the_clock_on_the_wall_shows_it():
    wrong = []
    for change in all_changes():
        for minutes in (-90, -1, 0, 1, 90):
            moment = change.at + timedelta(minutes=minutes)
            wall = change.local(change.before if minutes < 0 else change.after) + timedelta(minutes=minutes)
            if not rules.spoken(moment, change.zone).endswith(f"{wall.day} {wall:%B} at {wall:%H:%M}"):
                wrong.append((change, moment, rules.spoken(moment, change.zone)))

    assert wrong == []


@pytest.mark.parametrize(
    ("zone", "text", "answer"),
    [
        ("Europe/Berlin", "2027-03-28T02:00", "does not exist"),
        ("Europe/Berlin", "2027-03-28T02:59", "does not exist"),
        ("Europe/Berlin", "2027-03-28T03:00", "2027-03-28T03:00"),
        ("Europe/Berlin", "2027-10-31T02:00", "comes twice"),
        ("Europe/Berlin", "2027-10-31T02:59", "comes twice"),
        ("Europe/Berlin", "2027-10-31T03:00", "2027-10-31T03:00"),
        # Half an hour only.
        ("Australia/Lord_Howe", "2027-10-03T02:29", "does not exist"),
        ("Australia/Lord_Howe", "2027-10-03T02:30", "2027-10-03T02:30"),
        ("Australia/Lord_Howe", "2027-04-04T01:30", "comes twice"),
        ("Australia/Lord_Howe", "2027-04-04T02:00", "2027-04-04T02:00"),
        # A zone under its old and its new name.
        ("Europe/Kiev", "2027-03-28T03:30", "does not exist"),
        ("Europe/Kyiv", "2027-03-28T03:30", "does not exist"),
    ],
)
def test_changes_known_by_name(zone, text, answer):
    assert heard(datetime.fromisoformat(text), ZoneInfo(zone)) == answer


def test_whoever_was_asked_back_can_say_which_of_the_two_they_mean():
    first, second = (rules.instant(f"2027-10-31T02:30{each}", BERLIN) for each in ("+02:00", "+01:00"))

    assert second - first == timedelta(hours=1)
    assert rules.local_text(first, BERLIN) == rules.local_text(second, BERLIN) == "2027-10-31T02:30"


@pytest.mark.parametrize(
    ("zone", "today"), [("Europe/Berlin", 2), ("America/New_York", 1), ("Pacific/Kiritimati", 2), ("Pacific/Niue", 1)]
)
def test_near_midnight_tomorrow_is_the_salons_tomorrow(zone, today):
    late = datetime(2026, 12, 1, 23, 30, tzinfo=UTC)

    days = [rules.day(word, now=late, zone=ZoneInfo(zone)).day for word in ("today", "tomorrow")]

    assert days == [today, today + 1]


def test_the_days_on_which_clocks_change_are_shorter_and_longer():
    days = [datetime.fromisoformat(text).date() for text in ("2027-03-27", "2027-03-28", "2027-10-31")]

    lengths = [end - start for start, end in (rules.local_day(day, BERLIN) for day in days)]

    assert lengths == [timedelta(hours=24), timedelta(hours=23), timedelta(hours=25)]
