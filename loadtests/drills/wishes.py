"""Who calls in a chaos drill, when, and what they want: decided by the seed before the first call.

Apart from the callers because it is arithmetic, and because two runs with one seed must ask for the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random

# The regulator's numbers for films and plays, a thousand behind each: valid, and nobody's.
_NOBODYS = ("+493023125", "+496990009", "+494066969", "+492214710", "+498999998")
MOST_BOOKINGS = 1000 * len(_NOBODYS)

SERVICE, MINUTES = "haircut", 30
STAFF = ("anna", "ben")
_OPENS, _SLOTS_A_DAY = time(9), 18
_FIRST_DAY = 7
_SUNDAY = 6

# Of a hundred callers so many want a chair that another wants, and so many say again what was said before.
_RIVALS, _COPIES = 0.12, 0.10
# Rivals and copies come so close that both are under way at once.
_CLOSE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Wish:
    """What one customer wants; the same wish said twice is one appointment."""

    phone: str
    email: str
    start: str
    staff: str | None
    service: str = SERVICE

    def body(self) -> dict[str, object]:
        customer = {"name": "Erika Muster", "phone": self.phone, "email": self.email}
        return {"service": self.service, "start": self.start, "staff": self.staff, "customer": customer}


@dataclass(frozen=True, slots=True)
class Call:
    """One caller with one wish for one salon, so many seconds into the drill."""

    at_seconds: float
    wish: Wish
    salon: int = 0


def calls(chance: Random, *, bookings: int, seconds: float, today: date) -> Sequence[Call]:
    """Return the callers in order, spread over `seconds`."""
    free, numbers = chairs(today), count()
    made: list[Call] = []
    for _ in range(bookings):
        draw = chance.random()
        if made and draw < _RIVALS + _COPIES:
            model = chance.choice(made)
            wish = model.wish if draw < _COPIES else _rival(model.wish, next(numbers))
            made.append(Call(model.at_seconds + chance.uniform(0, _CLOSE_SECONDS), wish))
        else:
            start, staff = next(free)
            asked_for = staff if chance.random() < 0.5 else None
            made.append(Call(chance.uniform(0, seconds), wish_of(next(numbers), start, asked_for)))
    return sorted(made, key=lambda call: call.at_seconds)


def _rival(wish: Wish, number: int) -> Wish:
    return wish_of(number, wish.start, wish.staff)


def wish_of(number: int, start: str, staff: str | None, service: str = SERVICE) -> Wish:
    """Return the wish of caller so and so."""
    prefix, line = _NOBODYS[number // 1000], number % 1000
    return Wish(f"{prefix}{line:03}", f"caller-{number}@slotwatch.example", start, staff, service)


def chairs(today: date) -> Iterator[tuple[str, str]]:
    """Return start, as a caller says it, and staff of every chair from next week on."""
    for ahead in count(_FIRST_DAY):
        day = today + timedelta(days=ahead)
        if day.weekday() == _SUNDAY:
            continue
        for slot in range(_SLOTS_A_DAY):
            start = datetime.combine(day, _OPENS) + timedelta(minutes=slot * MINUTES)
            for staff in STAFF:
                yield start.strftime("%Y-%m-%dT%H:%M"), staff
