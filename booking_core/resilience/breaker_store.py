"""Where a circuit breaker keeps its state: the port, and what crosses it.

Apart from the breaker because the state has three homes: Redis for all workers, memory for one, and the two combined.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from booking_core.resilience.failure_detector import Evidence

EVERYONE = "global"
_NAME = re.compile(r"[\w.-]+", re.ASCII)


class StoreUnavailable(Exception):
    """The breaker's store does not answer; put a FallbackBreakerStore in front of it."""


class BreakerState(StrEnum):
    """How a circuit stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Order(StrEnum):
    """What an operator can make a circuit do; OPEN and CLOSE hold until RESET lets it decide for itself again."""

    OPEN = "open"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is guarded, for whom, and when it opens. Circuits of one dependency and scope share their state.

    `trial_seconds` must exceed the longest call: a trial that has not reported by then is taken for dead and the next
    caller becomes the trial.
    """

    dependency: str
    scope: str = EVERYONE
    failures: int = 5
    window_seconds: float = 60.0
    open_seconds: float = 30.0
    trial_seconds: float = 10.0

    def __post_init__(self) -> None:
        for name in (self.dependency, self.scope):
            if not _NAME.fullmatch(name):
                raise ValueError(f"a circuit cannot be named {name!r}; use letters, digits, '_', '.' and '-'")
        if self.failures < 1 or min(self.window_seconds, self.open_seconds, self.trial_seconds) <= 0:
            raise ValueError(f"the circuit {self.dependency!r} needs at least 1 failure and durations above 0 seconds")


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call. `epoch` names the state it was given in: what it reports later counts only there."""

    id: str
    epoch: int
    is_trial: bool = False
    half_opened: bool = False  # this very permit turned the circuit from open to half-open
    is_local: bool = False  # known to this process alone


@dataclass(frozen=True, slots=True)
class Denial:
    """No leave: try again after so many seconds."""

    retry_after_seconds: float


@dataclass(frozen=True, slots=True)
class Standing:
    """A circuit as an operator sees it. An open circuit whose time has run out is half-open: the next call is a trial.

    `opened_seconds_ago` counts from the newest opening, `left_closed_seconds_ago` from the one that began the outage.
    """

    state: BreakerState = BreakerState.CLOSED
    is_forced: bool = False
    failures: int = 0
    opened_seconds_ago: float | None = None
    left_closed_seconds_ago: float | None = None
    retry_after_seconds: float = 0.0


class BreakerStore(Protocol):
    """Keeps circuits; every method is atomic and raises StoreUnavailable within a bounded time.

    A method that returns a state returns the one its call moved the circuit to, and None when it moved nothing.
    """

    async def acquire(self, circuit: Circuit) -> Permit | Denial: ...

    async def record(self, circuit: Circuit, permit: Permit, evidence: Evidence) -> BreakerState | None: ...

    async def standing(self, circuit: Circuit) -> Standing: ...

    async def force(self, circuit: Circuit, order: Order) -> BreakerState | None: ...


def microseconds(seconds: float) -> int:
    """Return whole microseconds: 59.999 999 s and 60 s must differ, which floating-point sums do not promise."""
    return round(seconds * 1_000_000)
