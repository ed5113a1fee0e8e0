"""What can be booked, at whom and when: the types and the salon every simulator starts with.

Apart from the bookings because it never changes while the process runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OWNER_ID = 1
OWNER_EMAIL = "salon@example.com"
OWNER_USERNAME = "salon"
OWNER_NAME = "Demo Salon"
BERLIN = "Europe/Berlin"
MONDAY_TO_SATURDAY = frozenset(range(6))
EVERY_DAY = frozenset(range(7))
FIRST_EVENT_TYPE_ID = 1001


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of UTC time: touching spans do not overlap."""

    start: datetime
    end: datetime

    def contains(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end


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


SALON_HOURS = OpeningHours(MONDAY_TO_SATURDAY, time(9), time(18))
ALWAYS = OpeningHours(EVERY_DAY, time(0), None)


@dataclass(frozen=True, slots=True)
class Host:
    """Who is booked; two bookings of one host never overlap, whatever their event types."""

    id: int
    name: str
    username: str
    zone: ZoneInfo
    hours: OpeningHours

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"


@dataclass(frozen=True, slots=True)
class EventType:
    """A service at one host. `slug` is the service's own and shared by every host that offers it."""

    id: int
    slug: str
    title: str
    minutes: int
    step_minutes: int
    host: Host
    notice_minutes: int = 60
    horizon_days: int = 365
    hidden: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def span_from(self, start: datetime) -> Span:
        return Span(start, start + self.length)

    def bookable(self, now: datetime) -> Span:
        """Return the earliest and the latest start that notice and horizon allow."""
        return Span(now + timedelta(minutes=self.notice_minutes), now + timedelta(days=self.horizon_days))


@dataclass(frozen=True, slots=True)
class EventTypes:
    """The catalogue, found by id or by host and slug."""

    by_id: Mapping[int, EventType]

    @classmethod
    def of(cls, *event_types: EventType) -> EventTypes:
        return cls({event_type.id: event_type for event_type in event_types})

    def __iter__(self) -> Iterator[EventType]:
        return iter(self.by_id.values())

    def find(self, event_type_id: int) -> EventType | None:
        return self.by_id.get(event_type_id)

    def find_named(self, *, username: str, slug: str) -> EventType | None:
        return next((each for each in self if each.host.username == username and each.slug == slug), None)


@dataclass(frozen=True, slots=True)
class _Service:
    slug: str
    title: str
    minutes: int
    step_minutes: int
    aliases: str


# Ninety minutes every half hour, else a colouring would leave most of a day unusable.
_SERVICES = (
    _Service("haircut", "Haircut", 30, 30, "cut,trim"),
    _Service("colour", "Colour", 90, 30, "color,dye,colouring"),
    _Service("beard-trim", "Beard trim", 15, 15, "beard,shave"),
)


def salon() -> EventTypes:
    """Return the salon: three services at two hosts, and a chair on which only probes sit."""
    zone = ZoneInfo(BERLIN)
    anna = Host(11, "Anna", "anna", zone, SALON_HOURS)
    ben = Host(12, "Ben", "ben", zone, SALON_HOURS)
    chair = Host(19, "Probe chair", "probe-chair", zone, ALWAYS)
    offers = [(host, service) for host in (anna, ben) for service in _SERVICES]
    services = [_offer(FIRST_EVENT_TYPE_ID + index, host, service) for index, (host, service) in enumerate(offers)]
    return EventTypes.of(*services, _probe(FIRST_EVENT_TYPE_ID + len(services), chair))


def _offer(event_type_id: int, host: Host, service: _Service) -> EventType:
    return EventType(
        id=event_type_id,
        slug=service.slug,
        title=service.title,
        minutes=service.minutes,
        step_minutes=service.step_minutes,
        host=host,
        metadata={"aliases": service.aliases},
    )


def _probe(event_type_id: int, chair: Host) -> EventType:
    return EventType(
        id=event_type_id,
        slug="probe",
        title="Probe",
        minutes=5,
        step_minutes=5,
        host=chair,
        notice_minutes=0,
        hidden=True,
        metadata={"synthetic": "true"},
    )
