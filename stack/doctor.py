"""What is there and what is not: the machine before a start, and the memory of a chain that runs.

Apart from the start itself because a person asks it when the start did not work.
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from alerts import render
from sla.topology import Place
from stack import binaries, ports
from stack.errors import Failed, Refused
from stack.machine import Machine
from stack.run_directory import RunDirectory, postgres_user
from stack.supervision import ProgramState, Supervisor

MIB = 1024 * 1024
# What the project promises about itself (the "done when"); no customer is promised anything about memory.
CHAIN_LIMIT_BYTES = 1536 * MIB
WORKER_LIMIT_BYTES = 200 * MIB
OLDEST_PYTHON = (3, 11)
# multiprocessing's own process beside those it was asked for.
_PYTHON_HELPER = "multiprocessing.resource_tracker"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and whether the chain can do without."""

    subject: str
    found: str
    is_good: bool
    is_needed: bool = True


def findings(place: Place, run: RunDirectory | None, machine: Machine | None = None) -> Iterator[Finding]:
    """Look at everything a start needs."""
    machine = machine or Machine()
    yield from _python()
    for binary in binaries.needed():
        path = binary.find()
        found = f"{binaries.version(path)} ({path})" if path else _missing(binary)
        yield Finding(binary.name, found, path is not None)
    yield _postgres_account()
    yield _generated_files()
    yield from _addresses(place, run, machine)
    yield _docker()


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    wanted = ".".join(map(str, OLDEST_PYTHON))
    yield Finding("Python", f"{version} (needs {wanted} or later)", sys.version_info[:2] >= OLDEST_PYTHON)
    inside = sys.prefix != sys.base_prefix
    yield Finding("environment", sys.prefix if inside else "not in .venv; `make up` sets it up", inside)


def _missing(binary: binaries.Binary) -> str:
    return f"missing; `make up` installs it (Debian package {binary.package})"


def _postgres_account() -> Finding:
    try:
        user = postgres_user()
    except Refused as refused:
        return Finding("PostgreSQL's user", str(refused), is_good=False)
    return Finding("PostgreSQL's user", user.name if user else "yourself", is_good=True)


def _generated_files() -> Finding:
    there = any((render.GENERATED / "rules").glob("*.yaml"))
    return Finding("generated files", "there" if there else "missing; run `make generate`", there)


def _addresses(place: Place, run: RunDirectory | None, machine: Machine) -> Iterator[Finding]:
    ours = {one.pid for one in machine.of_chain(run.path)} if run else set()
    yield Finding("run directory", str(run.path) if run else "not made yet", is_good=True)
    taken = {one.process: one for one in ports.taken(place, machine=machine)}
    for process in ports.STARTED:
        subject = f"port {place.port(process)} ({process})"
        if process not in taken:
            yield Finding(subject, "free", is_good=True)
        elif (holder := machine.listener(place.port(process))) and holder.pid in ours:
            yield Finding(subject, f"ours: {holder}", is_good=True)
        else:
            yield Finding(subject, f"{taken[process].obstacle}; see --port", is_good=False)


def _docker() -> Finding:
    path = shutil.which("docker")
    found = path or "not found; only `docker compose up` and Grafana need it"
    return Finding("Docker", found, path is not None, is_needed=False)


@dataclass(frozen=True, slots=True)
class Memory:
    """What one program holds, with everything it has started; `members` are its single processes."""

    name: str
    pid: int
    members: Mapping[int, int]
    # Of the members, those that do the program's work: neither itself nor a helper of Python's.
    workers: Sequence[int] = ()

    @property
    def resident_bytes(self) -> int:
        return sum(self.members.values())


def memory(states: Iterable[ProgramState], machine: Machine | None = None) -> list[Memory]:
    """Measure every program that runs."""
    machine = machine or Machine()
    return [_family(state.name, state.pid, machine) for state in states if state.pid]


def _family(name: str, pid: int, machine: Machine) -> Memory:
    members = machine.family(pid)
    workers = [member for member in members if member != pid and _PYTHON_HELPER not in machine.command(member)]
    return Memory(name, pid, {member: machine.resident_bytes(member) for member in members}, workers)


def memory_of_chain(run: RunDirectory | None, machine: Machine | None = None) -> list[Memory]:
    """Measure the chain that runs here, supervisord included. Raises Failed when none does."""
    supervisor = Supervisor(run.supervisor_socket) if run else None
    if supervisor is None or run is None or not supervisor.answers():
        raise Failed("no chain runs from this checkout; start one with `make up`")
    states = [*supervisor.states().values()]
    pid = int(run.supervisor_pid.read_text("utf-8"))
    machine = machine or Machine()
    return [*memory(states, machine), Memory("supervisord", pid, {pid: machine.resident_bytes(pid)})]


def workers(measured: Sequence[Memory]) -> list[tuple[int, int]]:
    """Return (pid, bytes) of each process that the core has started; without any, the core answers by itself."""
    core = next((one for one in measured if one.name == "core"), None)
    if core is None:
        return []
    return [(pid, core.members[pid]) for pid in core.workers] or [(core.pid, core.resident_bytes)]


def excesses(measured: Sequence[Memory]) -> Iterator[str]:
    """Yield a sentence for every limit that is passed."""
    total = sum(one.resident_bytes for one in measured)
    if total > CHAIN_LIMIT_BYTES:
        yield f"the chain holds {in_mib(total)}, more than {in_mib(CHAIN_LIMIT_BYTES)}"
    for pid, size in workers(measured):
        if size > WORKER_LIMIT_BYTES:
            yield f"core worker {pid} holds {in_mib(size)}, more than {in_mib(WORKER_LIMIT_BYTES)}"


def in_mib(size: int) -> str:
    return f"{size / MIB:.0f} MiB"
