"""Stand-ins for what the stack talks to: supervisord, a clock, another machine's /proc, the running chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stack.chain_api import Page
from stack.supervision import ProgramState

BEGINNING = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """Time that passes only in `pause`."""

    seconds: float = 0.0

    def pause(self, seconds: float) -> None:
        self.seconds += seconds

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.seconds)


@dataclass
class FakeSupervisor:
    """Starts what it is told; `outcomes` names those that do not simply run."""

    names: tuple[str, ...]
    outcomes: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)

    def start(self, name: str) -> None:
        self.started.append(name)

    def states(self) -> dict[str, ProgramState]:
        return {name: self._state(name) for name in self.names}

    def _state(self, name: str) -> ProgramState:
        if name not in self.started:
            return ProgramState(name, "STOPPED", 0, 0)
        state, status = self.outcomes.get(name, ("RUNNING", 0))
        return ProgramState(name, state, 100 + self.names.index(name), status)


def show_process(
    proc: Path,
    pid: int,
    *,
    command: str = "sleep 60",
    parent: int = 1,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Path:
    """Add one process to a made-up /proc."""
    home = proc / str(pid)
    home.mkdir(parents=True)
    (home / "cmdline").write_bytes(command.replace(" ", "\0").encode() + b"\0")
    (home / "stat").write_text(f"{pid} (odd) name) S {parent} 1 1")
    (home / "environ").write_bytes(b"".join(f"{k}={v}\0".encode() for k, v in (environment or {}).items()))
    if directory is not None:
        (home / "cwd").symlink_to(directory)
    return home


@dataclass
class FakeChain:
    """A chain whose Cal.com can be cut; pages arrive and end after the given seconds."""

    clock: FakeClock
    page_after: Mapping[str, float] = field(
        default_factory=lambda: {"BookingProbeFailing": 25, "BookingSuccessRateLow": 30}
    )
    resolved_after: Mapping[str, float] = field(default_factory=lambda: {"BookingProbeFailing": 90})
    finding: str = "pass"
    verdict_after: float = 10.0
    slots_per_answer: int = 2
    taken: tuple[str, ...] = ()
    takes_none: bool = False
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    # When each caller called.
    asked: dict[int, list[float]] = field(default_factory=dict)
    says: str = "queued"
    settled_after: float = 40.0
    waiting: list[str] = field(default_factory=list)
    cut_at: float | None = None
    healed_at: float | None = None

    def verdict(self) -> dict[str, Any] | None:
        return {"verdict": self.finding} if self.clock.seconds >= self.verdict_after else None

    def pages(self) -> list[Page]:
        old = Page("BookingProbeFailing", "critical", "of yesterday", BEGINNING - timedelta(days=1), is_open=True)
        if self.cut_at is None:
            return [old]
        arrivals = {name: self.cut_at + seconds for name, seconds in self.page_after.items()}
        new = [
            Page(name, "critical", "it burns", BEGINNING + timedelta(seconds=at), is_open=not self._is_resolved(name))
            for name, at in arrivals.items()
            if at <= self.clock.seconds and (self.healed_at is None or at <= self.healed_at)
        ]
        return [*new, old]

    def _is_resolved(self, name: str) -> bool:
        if self.healed_at is None or name not in self.resolved_after:
            return False
        return self.clock.seconds >= self.healed_at + self.resolved_after[name]

    def cut_calcom(self, *, seconds: float) -> None:
        self.cut_at = self.clock.seconds

    def heal_calcom(self) -> None:
        self.healed_at = self.clock.seconds

    @property
    def _is_settled(self) -> bool:
        return self.healed_at is not None and self.clock.seconds >= self.healed_at + self.settled_after

    @property
    def is_cut(self) -> bool:
        return self.cut_at is not None and self.healed_at is None

    def call_function(self, function: str, /, *, caller: int, **arguments: str) -> dict[str, Any]:
        self.calls.append((function, arguments))
        self.asked.setdefault(caller, []).append(self.clock.seconds)
        if function == "check_availability":
            hour, day = arguments["time"][:2], arguments["date"]
            slots = [f"{day}T{hour}:{minute:02}" for minute in range(self.slots_per_answer)]
            return {"status": "ok", "slots": ", ".join(slots)}
        if self.is_cut:
            said = {"status": self.says, "say": "We will confirm.", "local_start": arguments["start"]}
            self.waiting.append(arguments["start"])
            return said
        if arguments["start"] in self.waiting and not self._is_settled:
            return {"status": "queued", "say": "We will confirm.", "local_start": arguments["start"]}
        if self.takes_none or arguments["start"] in self.taken:
            return {"status": "refused", "reason": "slot_taken"}
        return {"status": "confirmed", "local_start": arguments["start"], "say": "Done.", "appointment_id": "a1"}
