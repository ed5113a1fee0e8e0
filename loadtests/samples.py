"""What a probe run tells while it goes, as frozen records and as lines of JSON.

Apart from both ends because the run (a child process under gevent) writes the lines and the daemon reads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Probe(StrEnum):
    """The two kinds of check, named as the metrics' label names them."""

    LIGHT = "light"
    FULL = "full"


class Mode(StrEnum):
    """What a run is for."""

    LIGHT = "light"
    FULL = "full"
    VERDICT = "verdict"
    WATCH = "watch"


class Outcome(StrEnum):
    """How one arrival ended. Dropped: the generator had no room to start it, so nothing was learnt about the core."""

    OK = "ok"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One finished check or journey. `at` is Unix time; `measured` is server time, `modelled` the conversation."""

    probe: Probe
    mode: Mode
    run: str
    sequence: int
    at: float
    outcome: Outcome
    reason: str = ""
    lag_seconds: float = 0.0
    measured_seconds: float = 0.0
    modelled_seconds: float = 0.0
    appointment_id: str = ""
    cancelled: bool = False
    trace_id: str = ""

    @property
    def service_seconds(self) -> float:
        """From the moment we started: what a closed-loop tool would report."""
        return self.measured_seconds + self.modelled_seconds

    @property
    def response_seconds(self) -> float:
        """From the moment the caller meant to start: what a caller lives through, and what the SLA is about."""
        return self.lag_seconds + self.service_seconds

    @property
    def is_ok(self) -> bool:
        return self.outcome is Outcome.OK


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment now exists that the run must cancel. Told before the journey goes on."""

    appointment_id: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A leftover was cancelled after its journey."""

    appointment_id: str


@dataclass(frozen=True, slots=True)
class Overloaded:
    """The generator's own processor was the bottleneck: its timings cannot be trusted."""

    at: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line of a run: its verdict document, exit code included."""

    document: Mapping[str, Any]


Told = Sample | Booked | Cancelled | Overloaded | Summary


class BadLine(ValueError):
    """A line on a run's output that is none of ours."""


def to_line(told: Told) -> str:
    """Write one record as one line of JSON."""
    fields = asdict(told)
    if isinstance(told, Sample):
        fields |= {"service_seconds": told.service_seconds, "response_seconds": told.response_seconds}
    return json.dumps({"event": type(told).__name__.lower(), **fields})


def from_line(line: str | bytes) -> Told:
    """Read what `to_line` wrote; raises BadLine for anything else."""
    try:
        fields = json.loads(line)
        return _READERS[fields.pop("event")](fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadLine(f"not a line of a probe run: {line[:200]!r}") from error


def _sample(fields: dict[str, Any]) -> Sample:
    del fields["service_seconds"], fields["response_seconds"]
    return Sample(**(fields | {name: kind(fields[name]) for name, kind in _KINDS.items()}))


_KINDS: Mapping[str, Callable[[str], StrEnum]] = {"probe": Probe, "mode": Mode, "outcome": Outcome}
_READERS: Mapping[str, Callable[[dict[str, Any]], Told]] = {
    "sample": _sample,
    "booked": lambda fields: Booked(**fields),
    "cancelled": lambda fields: Cancelled(**fields),
    "overloaded": lambda fields: Overloaded(**fields),
    "summary": lambda fields: Summary(**fields),
}
