"""Who calls in a chaos drill, when, and what they want: decided by the seed before the first call.

Apart from the callers because it is arithmetic, and because two runs with one seed must ask for the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
# Of those who got an appointment so many ring again, some before Cal.com has it: what they ask for then, and how often.
_THINK_AGAIN, _WITHIN_SECONDS = 0.40, 20.0
_SECOND_THOUGHTS: Mapping[tuple[str, ...], int] = {
    ("move",): 5,
    ("cancel",): 4,
    ("move", "cancel"): 2,
    ("move", "move"): 1,
}
# Of second thoughts so many are said twice at once; of moves so many are to a time that another wants, too.
_TWICE, _CONTESTED = 0.2, 0.25
# Where whoever moves goes otherwise: later than anybody books.
_MOVED_BY_DAYS = 28
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
class Thought:
    """A change that a caller asks for, so long after the last answer: another start, or none at all."""

    after_seconds: float
    start: str | None = None
    is_said_twice: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One caller with one wish for one salon, so many seconds into the drill, and with second thoughts."""

    at_seconds: float
    wish: Wish
    salon: int = 0
    thoughts: Sequence[Thought] = ()


def calls(chance: Random, *, bookings: int, seconds: float, today: date, salons: int = 1) -> Sequence[Call]:
    """Return the callers in order, spread over `seconds` and over the salons."""
    free, numbers = [chairs(today, salon=salon) for salon in range(salons)], count()
    later = [starts(today + timedelta(days=_MOVED_BY_DAYS)) for _ in range(salons)]
    made: list[Call] = []
    for _ in range(bookings):
        draw = chance.random()
        if made and draw < _RIVALS + _COPIES:
            model = chance.choice(made)
            wish = model.wish if draw < _COPIES else _rival(model.wish, next(numbers))
            # They do not think again: what a customer is told of changes is told to one caller, one after the other.
            at = model.at_seconds + chance.uniform(0, _CLOSE_SECONDS)
            made.append(replace(model, at_seconds=at, wish=wish, thoughts=()))
        else:
            salon = chance.randrange(salons)
            start, staff = next(free[salon])
            asked_for = staff if chance.random() < 0.5 else None
            wish = wish_of(next(numbers), start, asked_for)
            others = [call.wish.start for call in made if call.salon == salon and call.wish.start != start]
            thoughts = _thoughts(chance, later[salon], others)
            made.append(Call(chance.uniform(0, seconds), wish, salon, thoughts))
    return sorted(made, key=lambda call: call.at_seconds)


def _thoughts(chance: Random, free: Iterator[str], others: Sequence[str]) -> Sequence[Thought]:
    if chance.random() > _THINK_AGAIN:
        return ()
    (kinds,) = chance.choices(list(_SECOND_THOUGHTS), list(_SECOND_THOUGHTS.values()))
    made = []
    for kind in kinds:
        wanted = chance.choice(others) if others and chance.random() < _CONTESTED else next(free)
        start = wanted if kind == "move" else None
        made.append(Thought(chance.uniform(0, _WITHIN_SECONDS), start, chance.random() < _TWICE))
    return made


def _rival(wish: Wish, number: int) -> Wish:
    return wish_of(number, wish.start, wish.staff)


def wish_of(number: int, start: str, staff: str | None, service: str = SERVICE) -> Wish:
    """Return the wish of caller so and so."""
    prefix, line = _NOBODYS[number // 1000], number % 1000
    return Wish(f"{prefix}{line:03}", f"caller-{number}@slotwatch.example", start, staff, service)


def chairs(today: date, *, salon: int = 0) -> Iterator[tuple[str, str]]:
    """Return start, as a caller says it, and staff of every chair from next week on; salons after the first count."""
    for start in starts(today):
        for staff in STAFF:
            yield start, f"{staff}-{salon}" if salon else staff


def starts(today: date) -> Iterator[str]:
    """Return every start from next week on, as a caller says it."""
    for ahead in count(_FIRST_DAY):
        day = today + timedelta(days=ahead)
        if day.weekday() == _SUNDAY:
            continue
        for slot in range(_SLOTS_A_DAY):
            yield (datetime.combine(day, _OPENS) + timedelta(minutes=slot * MINUTES)).strftime("%Y-%m-%dT%H:%M")
