"""Who calls while Cal.com is away, and whose appointment cannot be saved: decided by the seed before the first call."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count, islice
from random import Random

from loadtests.drills.wishes import SERVICE, Call, Wish, chairs, wish_of

# A wish for so soon that its time runs out during the outage, though the core still takes it (a minute's notice).
_HASTY_AHEAD = timedelta(seconds=80)
_HASTY = (("anna", SERVICE), ("ben", SERVICE), ("probe-chair", "probe"))
# Once the circuit has closed, at the latest.
_DRAIN_BEGINS_SECONDS = 45.0
_DURING_DRAIN_EVERY_SECONDS = 6.0


class Manner(StrEnum):
    """How Cal.com is away."""

    REFUSES = "refuses"  # nobody listens on its port
    FAILS = "fails"  # its proxy answers 503
    HANGS = "hangs"  # it takes the request and says nothing


@dataclass(frozen=True, slots=True)
class Plan:
    """`hasty` and `taken` are phone numbers among the callers."""

    callers: Sequence[Call]
    hasty: Set[str]
    taken: Set[str]
    during_drain: Sequence[Call]


def plan(  # noqa: PLR0913 - the knobs of one drill
    chance: Random, *, queued: int, a_second: float, taken: int, during_drain: int, now: datetime, manner: Manner
) -> Plan:
    """Return the plan. `now` is the salon's local time; callers come as they do: independently of one another."""
    numbers, free = count(), chairs(now.date())
    hasty = [_hasty(next(numbers), now, *chair) for chair in _HASTY] if manner is Manner.REFUSES else []
    patient = [wish_of(next(numbers), *chair) for chair in islice(free, queued - len(hasty))]
    later = [wish_of(next(numbers), *chair) for chair in islice(free, during_drain)]
    return Plan(
        callers=_arriving(chance, [*hasty, *patient], a_second=a_second),
        hasty={wish.phone for wish in hasty},
        # The last ones are the last to be made, so a human has time to be faster.
        taken={wish.phone for wish in patient[-taken:]} if taken else frozenset(),
        during_drain=[
            Call(_DRAIN_BEGINS_SECONDS + _DURING_DRAIN_EVERY_SECONDS * place, wish) for place, wish in enumerate(later)
        ],
    )


def _hasty(number: int, now: datetime, staff: str, service: str) -> Wish:
    start = now + _HASTY_AHEAD + timedelta(minutes=1)
    return wish_of(number, start.strftime("%Y-%m-%dT%H:%M"), staff, service)


def _arriving(chance: Random, wishes: Sequence[Wish], *, a_second: float) -> Sequence[Call]:
    calls, at_seconds = [], 0.0
    for wish in wishes:
        calls.append(Call(at_seconds, wish))
        at_seconds += chance.expovariate(a_second)
    return calls
