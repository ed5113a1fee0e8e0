"""What every simulator starts with: the demo salon, its studio with every kind of event type, a second one, branches.

Apart from the types because it is data, and the demo salon's part is imported by the services as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from loadtests.calcom_simulator.accounts import BERLIN, BRANCHES, LONDON, SALON, SECOND_SALON, Account
from loadtests.calcom_simulator.event_types import (
    EventType,
    EventTypes,
    Host,
    OpeningHours,
    Question,
    Recurrence,
)

MONDAY_TO_SATURDAY = frozenset(range(6))
EVERY_DAY = frozenset(range(7))
SALON_HOURS = OpeningHours(MONDAY_TO_SATURDAY, time(9), time(18))
ALWAYS = OpeningHours(EVERY_DAY, time(0), None)
FIRST_EVENT_TYPE_ID = 1001
FIRST_STUDIO_ID = 1101
FIRST_SECOND_ID = 2001
# The page and the team under which the other kinds are found.
STUDIO = "studio"


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


@dataclass(frozen=True, slots=True)
class _Segment:
    minutes: int
    offset_minutes: int


# Foils, half an hour in which they take effect, washing and cutting: in the pause the same host serves somebody else.
_HIGHLIGHTS = (_Segment(60, 0), _Segment(45, 90))
_SECOND_SERVICES = (
    _Service("haircut", "Haircut", 30, 30, "cut,trim"),
    _Service("manicure", "Manicure", 45, 15, "nails"),
)


def catalogue() -> EventTypes:
    """Return everything that can be booked."""
    branches = [kind for account in BRANCHES for kind in branch(account)]
    return EventTypes([*salon(), *studio(), *second_salon(), *branches])


def salon() -> list[EventType]:
    """Return the demo salon: four services at two hosts, one of them with a pause; and a chair for probes only."""
    zone = ZoneInfo(BERLIN)
    anna = Host(11, "Anna", "anna", zone, SALON_HOURS)
    ben = Host(12, "Ben", "ben", zone, SALON_HOURS)
    chair = Host(19, "Probe chair", "probe-chair", zone, ALWAYS)
    offers = _offers(FIRST_EVENT_TYPE_ID, (anna, ben), _SERVICES, SALON)
    probe = _probe(FIRST_EVENT_TYPE_ID + len(offers), chair)
    return [*offers, probe, *_highlights(probe.id + 1, (anna, ben))]


def second_salon() -> list[EventType]:
    """Return the other tenant's salon, in another time zone and with hosts of its own."""
    zone = ZoneInfo(LONDON)
    clara = Host(21, "Clara", "clara", zone, SALON_HOURS)
    david = Host(22, "David", "david", zone, SALON_HOURS)
    return _offers(FIRST_SECOND_ID, (clara, david), _SECOND_SERVICES, SECOND_SALON)


def branch(account: Account) -> list[EventType]:
    """Return a branch: the demo salon's services, at hosts of its own; user names are unique at Cal.com."""
    zone, number = ZoneInfo(account.time_zone), account.username.rpartition("-")[2]
    anna = Host(10 * account.id + 11, "Anna", f"anna-{number}", zone, SALON_HOURS)
    ben = Host(10 * account.id + 12, "Ben", f"ben-{number}", zone, SALON_HOURS)
    return _offers(1000 * account.id + 1, (anna, ben), _SERVICES, account)


def _offers(first_id: int, hosts: tuple[Host, ...], services: tuple[_Service, ...], owner: Account) -> list[EventType]:
    pairs = [(host, service) for host in hosts for service in services]
    return [
        EventType(
            id=first_id + index,
            slug=service.slug,
            title=service.title,
            minutes=service.minutes,
            step_minutes=service.step_minutes,
            hosts=(host,),
            owner=owner,
            metadata={"aliases": service.aliases},
        )
        for index, (host, service) in enumerate(pairs)
    ]


def _highlights(first_id: int, hosts: tuple[Host, ...]) -> list[EventType]:
    """Return an event type per segment and host: Cal.com knows no pauses, and whoever books them knows the pattern."""
    pairs = [(host, number) for host in hosts for number in range(len(_HIGHLIGHTS))]
    return [
        EventType(
            id=first_id + index,
            slug=f"highlights-{number + 1}" if number else "highlights",
            title=f"Highlights, part {number + 1}" if number else "Highlights",
            minutes=_HIGHLIGHTS[number].minutes,
            step_minutes=30,
            hosts=(host,),
            hidden=number > 0,
            metadata={
                "aliases": "streaks,foils",
                "service": "highlights",
                "segment": str(number),
                "offset_minutes": str(_HIGHLIGHTS[number].offset_minutes),
            },
        )
        for index, (host, number) in enumerate(pairs)
    ]


def _probe(event_type_id: int, chair: Host) -> EventType:
    return EventType(
        id=event_type_id,
        slug="probe",
        title="Probe",
        minutes=5,
        step_minutes=5,
        hosts=(chair,),
        notice_minutes=0,
        hidden=True,
        metadata={"synthetic": "true"},
    )


_QUESTIONS = (
    Question("hair-length", "select", is_required=True, options=("short", "long")),
    Question("allergies", "text"),
    Question("visits", "number"),
    Question("consent", "boolean"),
    Question("styles", "multiselect", options=("bob", "fringe")),
    Question("attendeePhoneNumber", "phone", is_required=True),
)
_LOCATIONS = ("address", "attendeePhone", "attendeeAddress", "attendeeDefined", "link", "integration", "phone")


def studio() -> list[EventType]:
    """Return one event type of every other kind. They belong to the demo salon, but stand on a page of their own."""
    zone = ZoneInfo(BERLIN)
    fay, gus, hal = (
        Host(number, name, name.lower(), zone, SALON_HOURS) for number, name in ((31, "Fay"), (32, "Gus"), (33, "Hal"))
    )

    def kind(index: int, slug: str, minutes: int, hosts: tuple[Host, ...] = (fay,), **rules: Any) -> EventType:
        title = slug.replace("-", " ").capitalize()
        number = FIRST_STUDIO_ID + index
        return EventType(number, slug, title, minutes, 30, hosts, page=STUDIO, **rules)

    return [
        kind(0, "consultation", 30, needs_confirmation=True),
        kind(1, "massage", 60, lengths=(30, 60, 90)),
        kind(2, "course", 60, seats=3),
        kind(3, "physio", 30, recurrence=Recurrence(weeks=1, occurrences=4)),
        kind(4, "any-chair", 30, (gus, hal), team=STUDIO),
        kind(5, "gift-card", 30, can_cancel=False, can_reschedule=False),
        kind(6, "members-only", 30, needs_key=True),
        kind(7, "survey", 30, questions=_QUESTIONS),
        kind(8, "first-visit", 30, active_bookings=1),
        kind(9, "nobody", 30, (), team=STUDIO),
        kind(10, "verified", 30, needs_code=True),
        kind(11, "anywhere", 30, locations=_LOCATIONS),
        kind(12, "weekly-course", 60, seats=3, recurrence=Recurrence(weeks=1, occurrences=4)),
    ]
