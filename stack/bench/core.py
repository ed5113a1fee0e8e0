"""`slotwatch bench-core`: the core, a bare endpoint and pgbench, one after the other in short rounds, on one machine.

Rounds alternate so that whatever else the machine does falls on all of them alike.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from loadtests.benchmarks import generator, report, stored
from loadtests.benchmarks.generator import Ask, Driven
from loadtests.benchmarks.measurement import (
    BUSY,
    CALLERS,
    PHONE_LINES,
    Findings,
    Part,
    Round,
    Target,
    hit_ratios,
    lines,
)
from loadtests.benchmarks.salons import Numbers, as_json, wishes
from stack import binaries
from stack.bench.servers import CALCOM_MILLISECONDS, Servers
from stack.errors import Failed
from stack.run_directory import RunDirectory

Tell = Callable[[str], None]
_SUCCESS = range(200, 300)


_CALLERS_AMONG_MANY = (PHONE_LINES, BUSY)
_MEMORY_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured. Stored are multiples of 500, at least 10 000: else the regulars are not there yet."""

    stored: tuple[int, int]
    rounds: int
    seconds: float
    warm_up_seconds: float
    memory_bookings: int

    @property
    def steps(self) -> int:
        """How often `tell` will be called."""
        return 4 + self.rounds * len(Target) * (len(CALLERS) + len(_CALLERS_AMONG_MANY)) + _MEMORY_LOOKS


FULL = Extent(stored=(10_000, 1_000_000), rounds=3, seconds=5, warm_up_seconds=3, memory_bookings=20_000)
# For developers: everything once, too short for the last digits.
QUICK = Extent(stored=(10_000, 100_000), rounds=1, seconds=1.2, warm_up_seconds=1, memory_bookings=1_000)


@dataclass(slots=True)
class Bench:
    """One run on started servers; `tell` hears of every step."""

    servers: Servers
    extent: Extent
    workers: int
    tell: Tell
    numbers: Numbers = field(default_factory=Numbers)
    # The day after tomorrow: every start lies ahead in every zone.
    first_day: date = field(default_factory=lambda: datetime.now(UTC).date() + timedelta(days=2))

    def run(self) -> Findings:
        few, many = self.extent.stored
        self._store(0, few)
        self._warm_up()
        rounds = [*self._rounds(few, CALLERS)]
        self._store(few, many)
        self._warm_up()
        rounds += self._rounds(many, _CALLERS_AMONG_MANY)
        before = self.servers.cache_requests()
        memory = [*self._memory()]
        after = self.servers.cache_requests()
        hits = hit_ratios({each: after[each] - before.get(each, 0.0) for each in after})
        cores = os.cpu_count() or 1
        return Findings(lines(rounds), memory, CALCOM_MILLISECONDS, cores, self.workers, hits)

    def _store(self, before: int, appointments: int) -> None:
        self.tell(f"storing {appointments - before:,} appointments")
        today = datetime.now(UTC).date()
        stored.store(self.servers.cluster.url(), before=before, appointments=appointments, today=today)

    def _warm_up(self) -> None:
        self.tell("warming up")
        for target in (Target.CORE, Target.BARE):
            driven = self._drive(target, callers=PHONE_LINES, seconds=self.extent.warm_up_seconds)
            if not any(answer.status in _SUCCESS for answer in driven.answers):
                statuses = sorted({answer.status for answer in driven.answers})
                raise Failed(
                    f"the {target} books nothing: it answered {statuses}; its log is in {self.servers.run.log}"
                )

    def _rounds(self, appointments: int, callers: Sequence[int]) -> Iterator[Round]:
        for number in range(self.extent.rounds):
            for crowd in callers:
                for target in Target:
                    self.tell(f"round {number + 1}, {appointments:,} stored, {crowd} callers: {target}")
                    measure = self._pgbench if target is Target.PGBENCH else self._http
                    yield measure(target, appointments, crowd)

    def _http(self, target: Target, appointments: int, callers: int) -> Round:
        name = "core" if target is Target.CORE else "bare"
        self.servers.calcom_seconds()
        before, statements = self.servers.cpu_seconds(name), self.servers.statements()
        driven = self._drive(target, callers=callers, seconds=self.extent.seconds)
        after = self.servers.cpu_seconds(name)
        booked = [answer for answer in driven.answers if answer.status in _SUCCESS]
        elsewhere = self.servers.calcom_seconds()
        return Round(
            target=target,
            stored=appointments,
            callers=callers,
            seconds=driven.seconds,
            latencies_seconds=[answer.seconds for answer in booked],
            own_seconds=[answer.seconds - elsewhere.get(answer.appointment_id or "", 0.0) for answer in booked],
            failed=len(driven.answers) - len(booked),
            cpu_seconds=_spent(before, after) | {Part.GENERATOR: driven.own_cpu_seconds},
            statements=self.servers.statements() - statements if target is Target.CORE else None,
        )

    def _drive(
        self, target: Target, *, callers: int, seconds: float | None = None, bookings: int | None = None
    ) -> Driven:
        asks = self._core_asks() if target is Target.CORE else self._bare_asks()
        port = self.servers.core_port if target is Target.CORE else self.servers.bare_port
        return generator.drive(port, asks, callers=callers, seconds=seconds, bookings=bookings)

    def _core_asks(self) -> Iterator[Ask]:
        for wish in wishes(self.numbers, self.first_day):
            key = {"authorization": f"Bearer {wish.api_key}"}
            yield Ask(generator.post("/v1/bookings", as_json(wish.for_core()), key))

    def _call_asks(self) -> Iterator[Ask]:
        """What callers do in a call: ask what is free that day, ask again for another time of it, and book."""
        for wish in wishes(self.numbers, self.first_day):
            key = {"authorization": f"Bearer {wish.api_key}"}
            for near in ("", "&time=16:00"):
                yield Ask(generator.get(f"/v1/availability?{wish.question()}{near}", key), is_booking=False)
            yield Ask(generator.post("/v1/bookings", as_json(wish.for_core()), key))

    def _bare_asks(self) -> Iterator[Ask]:
        for wish in wishes(self.numbers, self.first_day):
            yield Ask(generator.post("/bookings", as_json(wish.for_bare()), {}))

    def _pgbench(self, target: Target, appointments: int, callers: int) -> Round:
        before = self.servers.cpu_seconds("core")
        base = self.numbers.following
        latencies = Pgbench(self.servers.run, self.servers.cluster.url()).run(
            self.first_day, base=base, callers=callers, seconds=self.extent.seconds
        )
        # Its callers count each for itself and not in step: leave room for the fastest.
        self.numbers.take(3 * len(latencies) + 10 * callers)
        spent = _spent(before, self.servers.cpu_seconds("core"))
        return Round(
            target=target,
            stored=appointments,
            callers=callers,
            seconds=self.extent.seconds,
            latencies_seconds=latencies,
            own_seconds=latencies,
            failed=0,
            cpu_seconds={Part.POSTGRES: spent[Part.POSTGRES]},
        )

    def _memory(self) -> Iterator[tuple[int, int]]:
        """Look at the workers' memory while callers make whole calls."""
        each = self.extent.memory_bookings // (_MEMORY_LOOKS - 1)
        for look in range(_MEMORY_LOOKS):
            self.tell(f"whole calls, {look * each:,} of {self.extent.memory_bookings:,} bookings")
            yield look * each, self.servers.core_bytes()
            if look < _MEMORY_LOOKS - 1:
                generator.drive(self.servers.core_port, self._call_asks(), callers=PHONE_LINES, bookings=each)


def _spent(before: Mapping[Part, float], after: Mapping[Part, float]) -> dict[Part, float]:
    return {part: after[part] - before[part] for part in after}


@dataclass(frozen=True, slots=True)
class Pgbench:
    """PostgreSQL's own load generator: the same SQL without Python, the limit of this machine."""

    run_directory: RunDirectory
    url: str

    def run(self, first_day: date, *, base: int, callers: int, seconds: float) -> Sequence[float]:
        """Return the seconds of every booking."""
        room = self.run_directory.room("log")
        script, times = room / "pgbench.sql", room / "pgbench-times"
        script.write_text(stored.PGBENCH_SCRIPT, "utf-8")
        for old in room.glob(f"{times.name}.*"):
            old.unlink()
        first_second = round(datetime.combine(first_day, time(), UTC).timestamp())
        defined = {"base": base, "callers": callers, "n": 0, "first_second": first_second, **stored.PGBENCH_SIZES}
        command = [str(binaries.pgbench().get()), "--no-vacuum", f"--file={script}", "--protocol=prepared"]
        command += [f"--client={callers}", f"--time={max(round(seconds), 1)}", "--log", f"--log-prefix={times}"]
        command += [*(f"--define={name}={value}" for name, value in defined.items()), self.url]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise Failed(f"pgbench did not work: {result.stderr.strip()}")
        return [each for file in room.glob(f"{times.name}.*") for each in _latencies(file)]


def _latencies(file: Path) -> Iterator[float]:
    """Read pgbench's log: the third column is the microseconds of one transaction."""
    for line in file.read_text("utf-8").splitlines():
        yield int(line.split()[2]) / 1_000_000


def write(findings: Findings, run: RunDirectory, *, now: datetime) -> Path:
    """Keep the numbers under `.run`; return where."""
    room = run.room("bench")
    room.mkdir(exist_ok=True)
    file = room / f"core-{now:%Y-%m-%dT%H%M%S}.json"
    file.write_text(json.dumps(report.as_json(findings), indent=2) + "\n", "utf-8")
    return file
