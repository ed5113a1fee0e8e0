"""The salons of the benchmark, and who books what there: arithmetic, so that every run asks for the same.

Fifty salons with ten chairs each. Booking number n takes the n-th free half hour, chair by chair, so however many
callers there are, no two ever want the same chair.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

SALONS = 50
STAFF_EACH = 10
CHAIRS = SALONS * STAFF_EACH
MINUTES = 30
SERVICES = ("haircut", "colour")
# Of the callers, so many in ten have been here before; each salon knows these by heart.
REGULARS_IN_TEN = 9
REGULARS_EACH = 10
# Their numbers end below this; the numbers of first-time callers begin here.
_FIRST_TIME = 100_000
_SALON_NUMBERS = 1_000_000

# What an id is of, as its first digit, so that SQL and Python derive the same id from the same number.
SALON, SERVICE, STAFF = 0xA, 0xB, 0xC


def uuid_of(kind: int, number: int) -> UUID:
    """Return the id of thing number `number` of a kind."""
    return UUID(int=kind << 124 | number)


def event_type(staff: int, service: int) -> int:
    """Return the Cal.com event type of a member of staff (below CHAIRS) and a service (index into SERVICES)."""
    return 100_000 + staff * len(SERVICES) + service


@dataclass(frozen=True, slots=True)
class Wish:
    """One booking: salon and staff by number, the service by its index, the caller, and the half hour."""

    salon: int
    staff: int
    service: int
    phone: str
    start: datetime

    @property
    def api_key(self) -> str:
        return api_key(self.salon)

    def for_core(self) -> Mapping[str, Any]:
        """Return the body of POST /v1/bookings."""
        return {
            "service": SERVICES[self.service],
            "staff": staff_slug(self.staff),
            "start": self.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "customer": {"name": "Erika Muster", "phone": self.phone},
        }

    def question(self) -> str:
        """Return the query of GET /v1/availability about that day."""
        return f"service={SERVICES[self.service]}&staff={staff_slug(self.staff)}&date={self.start.date().isoformat()}"

    def for_bare(self) -> Mapping[str, Any]:
        """Return the same for the endpoint that looks nothing up: the ids are in it."""
        return {
            "tenant_id": str(uuid_of(SALON, self.salon)),
            "service_id": str(uuid_of(SERVICE, self.salon * len(SERVICES) + self.service)),
            "staff_id": str(uuid_of(STAFF, self.staff)),
            "start": self.start.isoformat(),
            "name": "Erika Muster",
            "phone": self.phone,
        }


def api_key(salon: int) -> str:
    return f"sk_bench_{salon}"


def staff_slug(staff: int) -> str:
    return f"staff-{staff}"


def phone(salon: int, number: int) -> str:
    """Return a German mobile number that the phone library takes for real; each salon has a million of its own."""
    return f"+49151{salon * _SALON_NUMBERS + number:08d}"


def half_hour(number: int, first_day: date) -> datetime:
    """Return when booking `number` begins; the first of every chair is at midnight UTC of the first day."""
    midnight = datetime.combine(first_day, time(), UTC)
    return midnight + timedelta(minutes=MINUTES * (number // CHAIRS))


@dataclass(slots=True)
class Numbers:
    """The numbers of the bookings, given out once each."""

    following: int = 0

    def __iter__(self) -> Iterator[int]:
        while True:
            yield self.take(1)

    def take(self, amount: int) -> int:
        """Give out so many at once; return the first."""
        first = self.following
        self.following += amount
        return first


def wishes(numbers: Iterable[int], first_day: date) -> Iterator[Wish]:
    """Yield wishes, one for each number."""
    for number in numbers:
        staff = number % CHAIRS
        salon = staff % SALONS
        is_regular = number // SALONS % 10 < REGULARS_IN_TEN
        # 7 and 10 have no common divisor: every regular gets a turn.
        who = number // SALONS * 7 % REGULARS_EACH if is_regular else _FIRST_TIME + number // SALONS
        yield Wish(salon, staff, number % len(SERVICES), phone(salon, who), half_hour(number, first_day))


def as_json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()
