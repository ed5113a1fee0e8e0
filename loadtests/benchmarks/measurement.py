"""What was measured and what it says: rates, costs and percentiles side by side, and the ratios asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from loadtests.order_statistics import nearest_rank


class Target(StrEnum):
    """Who books."""

    CORE = "core"
    BARE = "bare"
    PGBENCH = "pgbench"


class Part(StrEnum):
    """Whose processor time it was."""

    SERVER = "server"
    POSTGRES = "postgres"
    REDIS = "redis"
    CALCOM = "cal.com"
    GENERATOR = "generator"


# What issue 3 asks for. The promise to customers is in sla/sla.yaml; these compare us with ourselves.
LEAST_RATE_RATIO = 0.30
MOST_OWN_P95_SECONDS = 0.150
MOST_GROWTH_RATIO = 1.3
LEAST_HIT_RATIO = 0.80
# Among the caches, all of them together.
ALL = "all"
# Python's heap breathes: less than this over all the bookings is not growth.
MOST_MEMORY_RATIO = 1.03

BUSY, PHONE_LINES, ALONE = 50, 10, 1
CALLERS = (ALONE, PHONE_LINES, BUSY)


@dataclass(frozen=True, slots=True)
class Round:
    """One run of one target. `own_seconds` are the latencies without Cal.com's time; `failed` were not booked."""

    target: Target
    stored: int
    callers: int
    seconds: float
    latencies_seconds: Sequence[float]
    own_seconds: Sequence[float]
    failed: int
    cpu_seconds: Mapping[Part, float]
    statements: float | None = None

    @property
    def bookings(self) -> int:
        return len(self.latencies_seconds)


@dataclass(frozen=True, slots=True)
class Line:
    """All rounds of one target at one number of callers: one line of the table."""

    target: Target
    stored: int
    callers: int
    rounds: Sequence[Round]

    @property
    def bookings(self) -> int:
        return sum(each.bookings for each in self.rounds)

    @property
    def failed(self) -> int:
        return sum(each.failed for each in self.rounds)

    @property
    def seconds(self) -> float:
        return sum(each.seconds for each in self.rounds)

    @property
    def rate(self) -> float:
        """Bookings a second."""
        return self.bookings / self.seconds

    def cpu_milliseconds(self, part: Part) -> float:
        """Processor time a booking."""
        return 1000 * sum(each.cpu_seconds.get(part, 0.0) for each in self.rounds) / max(self.bookings, 1)

    def share_of_machine(self, part: Part, cores: int) -> float:
        """How much of all the processor time there was went to one part."""
        return sum(each.cpu_seconds.get(part, 0.0) for each in self.rounds) / (self.seconds * cores)

    def milliseconds(self, share: str, *, own: bool = False) -> float:
        """A percentile of the latency, given as a share such as "0.95"."""
        all_seconds = [value for each in self.rounds for value in (each.own_seconds if own else each.latencies_seconds)]
        return 1000 * (nearest_rank(all_seconds, Decimal(share)) or 0.0)

    @property
    def statements_each(self) -> float | None:
        counted = [each.statements for each in self.rounds if each.statements is not None]
        return sum(counted) / max(self.bookings, 1) if counted else None


def lines(rounds: Iterable[Round]) -> list[Line]:
    """Gather rounds that measured the same, in the order they were first seen."""
    gathered: dict[tuple[Target, int, int], list[Round]] = {}
    for each in rounds:
        gathered.setdefault((each.target, each.stored, each.callers), []).append(each)
    return [Line(*key, measured) for key, measured in gathered.items()]


def hit_ratios(requests: Mapping[tuple[str, ...], float]) -> Mapping[str, float]:
    """Return the share of hits for each cache and for all, from counts by (cache, result)."""
    hits: dict[str, float] = {}
    asked: dict[str, float] = {}
    for (cache, result), count in requests.items():
        for name in (cache, ALL):
            asked[name] = asked.get(name, 0.0) + count
            hits[name] = hits.get(name, 0.0) + (count if result == "hit" else 0.0)
    return {name: hits[name] / asked[name] for name in sorted(asked) if asked[name]}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that was asked for; `is_met` is None for what this run could not tell."""

    asked: str
    found: str
    is_met: bool | None


@dataclass(frozen=True, slots=True)
class Findings:
    """A whole run. `memory` is the workers' memory in bytes after so many bookings."""

    lines: Sequence[Line]
    memory: Sequence[tuple[int, int]]
    calcom_milliseconds: float
    cores: int
    workers: int
    hit_ratios: Mapping[str, float] = field(default_factory=dict)

    def line(self, target: Target, callers: int, *, stored: int) -> Line | None:
        wanted = (target, callers, stored)
        return next((each for each in self.lines if (each.target, each.callers, each.stored) == wanted), None)

    @property
    def stored(self) -> Sequence[int]:
        return sorted({each.stored for each in self.lines})

    def rate_ratio(self, callers: int) -> float | None:
        """The core's rate as a share of the bare endpoint's."""
        core, bare = (self.line(each, callers, stored=self.stored[0]) for each in (Target.CORE, Target.BARE))
        return core.rate / bare.rate if core and bare else None

    def growth_ratio(self, target: Target) -> float | None:
        """How many times as long a booking takes with the most stored as with the fewest, when all are busy."""
        few, many = (self.line(target, BUSY, stored=each) for each in (self.stored[0], self.stored[-1]))
        return few.rate / many.rate if few and many and few is not many else None

    @property
    def booked(self) -> int:
        """How many bookings the memory was watched over."""
        return self.memory[-1][0] if self.memory else 0

    def verdicts(self) -> list[Verdict]:
        """Hold what was measured against what issue 3 asks for."""
        own = self.line(Target.CORE, PHONE_LINES, stored=self.stored[0])
        growth, rate = self.growth_ratio(Target.CORE), self.rate_ratio(BUSY)
        memory = self.memory[-1][1] / self.memory[0][1] if len(self.memory) > 1 else None
        p95 = own.milliseconds("0.95", own=True) / 1000 if own else None
        return [
            _at_least(f"of the bare endpoint's rate, {BUSY} callers", rate, LEAST_RATE_RATIO),
            _at_most(f"s P95 of our own share, {PHONE_LINES} callers", p95, MOST_OWN_P95_SECONDS),
            _at_most("times the time of a booking with the most stored", growth, MOST_GROWTH_RATIO),
            _at_least("of the questions to the cache hit", self.hit_ratios.get(ALL), LEAST_HIT_RATIO),
            _at_most(f"times the memory after {self.booked} more bookings", memory, MOST_MEMORY_RATIO),
        ]


def _at_least(what: str, found: float | None, limit: float) -> Verdict:
    return Verdict(f"at least {limit:g} {what}", _number(found), None if found is None else found >= limit)


def _at_most(what: str, found: float | None, limit: float) -> Verdict:
    return Verdict(f"at most {limit:g} {what}", _number(found), None if found is None else found <= limit)


def _number(found: float | None) -> str:
    return "not measured" if found is None else f"{found:.3g}"
