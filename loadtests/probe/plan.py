"""When each arrival is due, and how many may be under way: an open model, where callers do not wait for one another.

Apart from Locust, whose users are closed loops: they send the next request only after the last answer, so a stalled
server slows its own measurement down and looks fast.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, takewhile
from math import ceil, inf

from loadtests.samples import Mode, Probe
from sla.objectives import Promise


@dataclass(frozen=True, slots=True, order=True)
class Arrival:
    """One caller, due at this second of the run's clock."""

    due: float
    probe: Probe
    sequence: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """A fixed rate of arrivals of one kind; `arrivals=None` goes on until the run is stopped."""

    probe: Probe
    per_second: float
    arrivals: int | None

    def due(self, start: float) -> Iterator[Arrival]:
        """Yield all arrivals. Each is counted from the start, so that small delays never add up."""
        return islice((Arrival(start + n / self.per_second, self.probe, n) for n in count()), self.arrivals)

    def most_under_way(self, hold_seconds: float) -> int:
        """Return how many can be under way if each takes `hold_seconds`."""
        at_once = ceil(self.per_second * hold_seconds) + 1
        return at_once if self.arrivals is None else min(at_once, self.arrivals)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run does: its schedules side by side, for at most `seconds`."""

    mode: Mode
    schedules: tuple[Schedule, ...]
    seconds: float = inf

    def arrivals(self, start: float) -> Iterator[Arrival]:
        merged = heapq.merge(*(schedule.due(start) for schedule in self.schedules))
        return takewhile(lambda arrival: arrival.due < start + self.seconds, merged)

    def most_under_way(self, hold_seconds: Callable[[Probe], float]) -> int:
        return sum(schedule.most_under_way(hold_seconds(schedule.probe)) for schedule in self.schedules)

    @property
    def total(self) -> int | None:
        """How many arrivals the run will have; None if it only ends when told to."""
        counts = [schedule.arrivals for schedule in self.schedules]
        return None if None in counts else sum(number or 0 for number in counts)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person at the command line asked for instead of the promise's numbers."""

    arrivals: int | None = None
    per_second: float | None = None
    seconds: float = inf


def plan(mode: Mode, promise: Promise, wishes: Wishes) -> Plan:
    """Return the plan of a mode, from sla.yaml's periods and sizes."""
    return Plan(mode, tuple(_wished(schedule, wishes) for schedule in _schedules(mode, promise)), wishes.seconds)


def _schedules(mode: Mode, promise: Promise) -> Sequence[Schedule]:
    probe = promise.probe
    light_rate, full_rate = 1 / probe.light.period.seconds, 1 / probe.full.period.seconds
    match mode:
        case Mode.LIGHT:
            return (Schedule(Probe.LIGHT, light_rate, 12),)
        case Mode.FULL:
            return (Schedule(Probe.FULL, full_rate, 1),)
        case Mode.VERDICT:
            return (Schedule(Probe.FULL, probe.verdict.per_second, probe.verdict.journeys),)
        case Mode.WATCH:
            return (Schedule(Probe.LIGHT, light_rate, None), Schedule(Probe.FULL, full_rate, None))


def _wished(schedule: Schedule, wishes: Wishes) -> Schedule:
    arrivals = schedule.arrivals if wishes.arrivals is None else wishes.arrivals
    return Schedule(schedule.probe, wishes.per_second or schedule.per_second, arrivals)


def keep(
    arrivals: Iterator[Arrival],
    *,
    clock: Callable[[], float],
    is_stopped_after: Callable[[float], bool],
    start: Callable[[Arrival], bool],
    drop: Callable[[Arrival], None],
) -> None:
    """Start every arrival when it is due, or drop it; never wait for an earlier one.

    `is_stopped_after` waits so many seconds and tells whether the run was stopped meanwhile; `start` tells whether
    there was room for one more.
    """
    for arrival in arrivals:
        if is_stopped_after(max(arrival.due - clock(), 0)):
            return
        if not start(arrival):
            drop(arrival)
