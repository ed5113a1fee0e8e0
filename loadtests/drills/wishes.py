"""Who calls in a chaos drill, when, and what they want: decided by the seed before the first call.

Apart from the callers because it is arithmetic, and because two runs with one seed must ask for the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
# The simulator's demo salon and its branches.
MOST_SALONS = 9

# Of a hundred callers so many want a chair that another wants, and so many say again what was said before.
_RIVALS, _COPIES = 0.12, 0.10
# Of those who got an appointment so many ring again and cancel, some before Cal.com has it.
_REGRETS, _REGRETS_WITHIN_SECONDS = 0.15, 20.0
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
    """One caller with one wish for one salon, so many seconds into the drill.

    `regrets_after_seconds`: so long after the answer the caller rings again and cancels.
    """

    at_seconds: float
    wish: Wish
    salon: int = 0
    regrets_after_seconds: float | None = None


def calls(chance: Random, *, bookings: int, seconds: float, today: date, salons: int = 1) -> Sequence[Call]:
    """Return the callers in order, spread over `seconds` and over the salons."""
    free, numbers = [chairs(today, salon=salon) for salon in range(salons)], count()
    made: list[Call] = []
    for _ in range(bookings):
        draw = chance.random()
        if made and draw < _RIVALS + _COPIES:
            model = chance.choice(made)
            wish = model.wish if draw < _COPIES else _rival(model.wish, next(numbers))
            made.append(replace(model, at_seconds=model.at_seconds + chance.uniform(0, _CLOSE_SECONDS), wish=wish))
        else:
            salon = chance.randrange(salons)
            start, staff = next(free[salon])
            asked_for = staff if chance.random() < 0.5 else None
            wish = wish_of(next(numbers), start, asked_for)
            regrets = chance.uniform(0, _REGRETS_WITHIN_SECONDS) if chance.random() < _REGRETS else None
            made.append(Call(chance.uniform(0, seconds), wish, salon, regrets))
    return sorted(made, key=lambda call: call.at_seconds)


def _rival(wish: Wish, number: int) -> Wish:
    return wish_of(number, wish.start, wish.staff)


def wish_of(number: int, start: str, staff: str | None, service: str = SERVICE) -> Wish:
    """Return the wish of caller so and so."""
    prefix, line = _NOBODYS[number // 1000], number % 1000
    return Wish(f"{prefix}{line:03}", f"caller-{number}@slotwatch.example", start, staff, service)


def chairs(today: date, *, salon: int = 0) -> Iterator[tuple[str, str]]:
    """Return start, as a caller says it, and staff of every chair from next week on; salons after the first count."""
    for ahead in count(_FIRST_DAY):
        day = today + timedelta(days=ahead)
        if day.weekday() == _SUNDAY:
            continue
        for slot in range(_SLOTS_A_DAY):
            start = datetime.combine(day, _OPENS) + timedelta(minutes=slot * MINUTES)
            for staff in STAFF:
                yield start.strftime("%Y-%m-%dT%H:%M"), f"{staff}-{salon}" if salon else staff
