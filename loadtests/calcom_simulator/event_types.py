"""What can be booked, at whom and when.

Apart from the bookings because it stays as it was seeded, unless a person changes it behind our back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from loadtests.calcom_simulator.accounts import SALON, Account


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of UTC time: touching spans do not overlap."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        return int((self.end - self.start).total_seconds() // 60)

    def contains(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Weekly hours in local time; `closes=None` is the following midnight."""

    weekdays: frozenset[int]
    opens: time
    closes: time | None

    def on(self, day: date, zone: ZoneInfo) -> Span | None:
        """Return the opening of a local day, or None when it is closed."""
        if day.weekday() not in self.weekdays:
            return None
        opens = datetime.combine(day, self.opens, zone)
        if self.closes is None:
            closes = datetime.combine(day + timedelta(days=1), time(0), zone)
        else:
            closes = datetime.combine(day, self.closes, zone)
        return Span(opens.astimezone(UTC), closes.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Host:
    """Who is booked; Cal.com means no two bookings of one host to overlap, whatever their event types."""

    id: int
    name: str
    username: str
    zone: ZoneInfo
    hours: OpeningHours
    # False once the person was deleted at Cal.com: their bookings stay, and say "unknown".
    is_known: bool = True

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Every so many weeks, up to so many times."""

    weeks: int
    occurrences: int


@dataclass(frozen=True, slots=True)
class Question:
    """A custom booking field."""

    slug: str
    type: str
    is_required: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventType:
    """A service. `slug` is the service's own and shared by every event type that offers it."""

    id: int
    slug: str
    title: str
    minutes: int
    step_minutes: int
    hosts: tuple[Host, ...]
    owner: Account = SALON
    # Offered on a page of its own: the owner's list shows it only when asked for that page by name.
    page: str | None = None
    # A team's event type goes round its hosts.
    team: str | None = None
    lengths: tuple[int, ...] = ()
    seats: int | None = None
    recurrence: Recurrence | None = None
    needs_confirmation: bool = False
    needs_key: bool = False
    needs_code: bool = False
    can_cancel: bool = True
    can_reschedule: bool = True
    active_bookings: int | None = None
    questions: tuple[Question, ...] = ()
    locations: tuple[str, ...] = ("address",)
    before_minutes: int = 0
    after_minutes: int = 0
    notice_minutes: int = 60
    horizon_days: int = 365
    hidden: bool = False
    # Its bookings stay, without an event type.
    is_deleted: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)

    def span_from(self, start: datetime, minutes: int | None = None) -> Span:
        return Span(start, start + timedelta(minutes=minutes or self.minutes))

    def padded(self, span: Span) -> Span:
        """Return the span with the pauses before and after it."""
        # Asked for every slot and every booking of a day; nearly all have no pauses.
        if not self.before_minutes and not self.after_minutes:
            return span
        return Span(
            span.start - timedelta(minutes=self.before_minutes), span.end + timedelta(minutes=self.after_minutes)
        )

    def bookable(self, now: datetime) -> Span:
        """Return the earliest and the latest start that notice and horizon allow."""
        return Span(now + timedelta(minutes=self.notice_minutes), now + timedelta(days=self.horizon_days))

    def is_on_page(self, username: str) -> bool:
        return username == self.page or any(username == host.username for host in self.hosts)


class EventTypes:
    """The catalogue, found by id or by page and slug."""

    def __init__(self, seeded: Iterable[EventType]) -> None:
        self._seeded = {each.id: each for each in seeded}
        self._by_id = dict(self._seeded)

    def __iter__(self) -> Iterator[EventType]:
        return iter(self._by_id.values())

    def find(self, event_type_id: int) -> EventType | None:
        return self._by_id.get(event_type_id)

    def find_on_page(self, *, username: str, slug: str) -> EventType | None:
        return next((each for each in self if each.slug == slug and each.is_on_page(username)), None)

    def find_in_team(self, *, team: str, slug: str) -> EventType | None:
        return next((each for each in self if each.slug == slug and each.team == team), None)

    def hosts_named(self, usernames: Iterable[str]) -> list[Host | None]:
        hosts = {host.username: host for each in self for host in each.hosts}
        return [hosts.get(username) for username in usernames]

    def put(self, event_type: EventType) -> None:
        self._by_id[event_type.id] = event_type

    def remove(self, event_type_id: int) -> None:
        del self._by_id[event_type_id]

    def restore(self) -> None:
        """Undo every change since the start."""
        self._by_id = dict(self._seeded)
