"""Bringing the chain up: each process as soon as everything it stands on is ready, and a clear word when one is not.

Apart from native.py because it is pure decision: supervisord, clock and sleep are handed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from stack.errors import Failed
from stack.processes import Program
from stack.supervision import ProgramState

_STEP_SECONDS = 0.1


class Health(StrEnum):
    """What the live table says about a process."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    RESTARTING = "restarting"
    UNHEALTHY = "not answering"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Status:
    """One line of the live table."""

    name: str
    health: Health
    address: str
    pid: int = 0
    seconds: float = 0.0


Observer = Callable[[Sequence[Status]], None]


class Starter(Protocol):
    """What the start needs from supervisord."""

    def start(self, name: str) -> None: ...

    def states(self) -> Mapping[str, ProgramState]: ...


@dataclass(slots=True)
class Startup:
    """One start of the chain."""

    programs: Sequence[Program]
    supervisor: Starter
    last_words: Callable[[str], str]
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    _started: dict[str, float] = field(default_factory=dict)
    _ready: dict[str, float] = field(default_factory=dict)

    def run(self, observe: Observer) -> None:
        """Return when every process is ready. Raises Failed for the first that cannot be."""
        while True:
            self._start_possible()
            states = self.supervisor.states()
            for program in self.programs:
                self._advance(program, states[program.name])
            observe([self._status(program, states[program.name]) for program in self.programs])
            if len(self._ready) == len(self.programs):
                return
            self.pause(_STEP_SECONDS)

    def _start_possible(self) -> None:
        for program in self.programs:
            if program.name not in self._started and all(name in self._ready for name in program.after):
                self.supervisor.start(program.name)
                self._started[program.name] = self.now()

    def _advance(self, program: Program, state: ProgramState) -> None:
        if program.name in self._ready or program.name not in self._started:
            return
        seconds = self.now() - self._started[program.name]
        if state.has_failed:
            raise Failed(f"{program.name} ended while starting; its log ends with:\n{self.last_words(program.name)}")
        if self._is_ready(program, state):
            self._ready[program.name] = seconds
        elif seconds > program.start_within_seconds:
            raise Failed(
                f"{program.name} was not ready within {program.start_within_seconds:g} s; "
                f"its log ends with:\n{self.last_words(program.name)}"
            )

    def _is_ready(self, program: Program, state: ProgramState) -> bool:
        if program.once:
            return state.state == "EXITED"
        if program.ready is None:
            return state.state == "RUNNING"
        return state.state in ("STARTING", "RUNNING") and program.ready()

    def _status(self, program: Program, state: ProgramState) -> Status:
        if program.name in self._ready:
            health = Health.DONE if program.once else Health.READY
        else:
            health = Health.STARTING if program.name in self._started else Health.WAITING
        return Status(program.name, health, program.address, state.pid, self._ready.get(program.name, 0.0))


def status_of(program: Program, state: ProgramState) -> Status:
    """Return how a started process is now, by asking it."""
    return Status(program.name, _health(program, state), program.address, state.pid)


def _health(program: Program, state: ProgramState) -> Health:
    if program.once:
        return Health.DONE
    if state.has_ended:
        return Health.STOPPED
    if state.state not in {"STARTING", "RUNNING"}:
        return Health.RESTARTING
    # For its first second supervisor calls a process STARTING; one that answers has started.
    is_running = state.state == "RUNNING"
    if program.ready() if program.ready else is_running:
        return Health.READY
    return Health.UNHEALTHY if is_running else Health.RESTARTING


def waves(programs: Sequence[Program]) -> list[list[Program]]:
    """Return the programs in groups, each standing only on earlier ones; stopping walks them backwards."""
    groups: list[list[Program]] = []
    placed: set[str] = set()
    while len(placed) < len(programs):
        group = [p for p in programs if p.name not in placed and placed.issuperset(p.after)]
        if not group:
            rest = ", ".join(p.name for p in programs if p.name not in placed)
            raise ValueError(f"these processes wait for each other or for one that does not exist: {rest}")
        groups.append(group)
        placed.update(p.name for p in group)
    return groups
