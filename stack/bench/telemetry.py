"""`slotwatch bench-telemetry`: cores that tell more and more, side by side on the same servers."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from loadtests.benchmarks import generator, overhead
from loadtests.benchmarks.generator import Ask
from loadtests.benchmarks.measurement import PHONE_LINES
from loadtests.benchmarks.overhead import Findings, Variant
from loadtests.benchmarks.salons import Numbers, as_json, wishes
from sla.topology import Process
from stack import readiness
from stack.bench import servers
from stack.bench.servers import Servers
from stack.errors import Failed
from stack.own_server import OwnServer
from stack.postgres import SIDECAR
from stack.processes import core_environment
from stack.redis import PrivateRedis
from stack.run_directory import RunDirectory

# They borrow the addresses of processes that this benchmark does not start; the core as it is has its own.
_PORTS = {
    Variant.NOTHING: Process.ALERTMANAGER,
    Variant.METRICS: Process.PROMETHEUS,
    Variant.LOG: Process.CORE,
    Variant.SOME_TRACES: Process.ONCALL,
    Variant.EVERYTHING: Process.MAIL,
}
_SINK = Process.GRAFANA
# Spans leave in batches behind the answers: let those of a round go before its cost is read.
_BATCH_MILLISECONDS, _SETTLE_SECONDS = 1000, 1.5
# A process's own clock, by its id: what clock_getcpuclockid(3) returns.
_SCHEDULED = 2
_QUIET = {"BOOKING_LOG_LEVEL": "error"}
_EVERY = {"OTEL_TRACES_SAMPLER_ARG": "1"}


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: at each start so many rounds, in each so many turns of each core, of so many bookings."""

    starts: int
    rounds: int
    turns: int
    bookings: int

    @property
    def steps(self) -> int:
        return self.starts * (1 + self.rounds)


# Short turns: whatever else the machine does for a second falls on all of them alike. And several starts: of two equal
# cores, one cost 3 to 5 % more than the other for as long as they ran, by where in memory their things lay.
FULL, QUICK = Extent(starts=3, rounds=14, turns=3, bookings=50), Extent(starts=1, rounds=8, turns=3, bookings=50)


@dataclass(frozen=True, slots=True)
class Core:
    """One of them, running; `pids` are all of its processes."""

    port: int
    pids: Sequence[int]

    def cpu_seconds(self) -> float:
        """Return its processor time so far, to the nanosecond: /proc tells hundredths, a whole booking's worth."""
        return sum(time.clock_gettime(~pid << 3 | _SCHEDULED) for pid in self.pids)


@contextmanager
def cores(running: Servers) -> Iterator[Mapping[Variant, Core]]:
    """Start those that differ from the core as it is, which runs already, and whom the tracing ones tell."""
    place, run = running.place, running.run
    sink = f"http://127.0.0.1:{place.port(_SINK)}"
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink, "OTEL_BSP_SCHEDULE_DELAY": str(_BATCH_MILLISECONDS)}
    told = {
        Variant.NOTHING: _QUIET,
        Variant.METRICS: _QUIET,
        Variant.SOME_TRACES: traced,
        Variant.EVERYTHING: {**traced, **_EVERY},
    }
    with ExitStack() as stopping:

        def start(name: str, module: tuple[str, ...], environment: Mapping[str, str], ready: readiness.Check) -> int:
            server: OwnServer = servers.server(run, name, module, environment)
            server.start(ready)
            stopping.callback(server.stop)
            return server.pid

        port = place.port(_SINK)
        sinking = ("loadtests.benchmarks.otlp_sink", f"--port={port}")
        start("otlp", sinking, {}, readiness.accepts_tcp("127.0.0.1", port))
        found = {Variant.LOG: Core(running.core_port, servers.family(running.started["core"]))}
        for variant, more in told.items():
            metrics = run.path / f"metrics-{variant.name.lower()}"
            metrics.mkdir()
            port = place.port(_PORTS[variant])
            environment = {
                **core_environment(run, place),
                **servers.UNLIMITED,
                "BOOKING_WORKERS": "1",
                "BOOKING_PORT": str(port),
                "BOOKING_METRICS_DIRECTORY": str(metrics),
                **more,
            }
            if variant is Variant.EVERYTHING:
                listening = readiness.answers_http("127.0.0.1", place.port(Process.EXPORTER), "/livez")
                start("sidecar", ("exporter",), _sidecar(running, metrics), listening)
            module = _silent(port) if variant is Variant.NOTHING else ("booking_core", "serve")
            ready = readiness.answers_http("127.0.0.1", port, "/readyz")
            pid = start(f"core-{variant.name.lower()}", module, environment, ready)
            found[variant] = Core(port, servers.family(pid))
        yield found


def _silent(port: int) -> tuple[str, ...]:
    app = ("stack.bench.silent:worker_app", "--factory")
    return ("uvicorn", *app, "--host=127.0.0.1", f"--port={port}", "--no-access-log", "--no-server-header")


def _sidecar(running: Servers, metrics: Path) -> Mapping[str, str]:
    return {
        "EXPORTER_PORT": str(running.place.port(Process.EXPORTER)),
        "EXPORTER_METRICS_DIRECTORY": str(metrics),
        "EXPORTER_DATABASE_URL": running.cluster.url(role=SIDECAR),
        "EXPORTER_REDIS_URL": PrivateRedis(running.run.redis).url(),
    }


@dataclass(slots=True)
class Bench:
    """One run; `tell` hears of every step."""

    cores: Mapping[Variant, Core]
    extent: Extent
    tell: Callable[[str], None]
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - repeatable
    pause: Callable[[float], None] = time.sleep
    numbers: Numbers = field(default_factory=Numbers)
    # The day after tomorrow: every start lies ahead in every zone.
    first_day: date = field(default_factory=lambda: datetime.now(UTC).date() + timedelta(days=2))

    def run(self) -> Findings:
        self.tell("warming up")
        for variant in Variant:
            for _ in range(4):
                self._turn(variant)
        each = self.extent.turns * self.extent.bookings
        return Findings([self._round(number) for number in range(self.extent.rounds)], each)

    def _round(self, number: int) -> Mapping[Variant, float]:
        """Return the processor time of one booking at each, in milliseconds."""
        self.tell(f"round {number + 1}")
        before = {variant: core.cpu_seconds() for variant, core in self.cores.items()}
        made = dict.fromkeys(Variant, 0)
        for _ in range(self.extent.turns):
            for variant in self.chance.sample([*Variant], len(Variant)):
                made[variant] += self._turn(variant)
        self.pause(_SETTLE_SECONDS)
        return {
            variant: 1000 * (core.cpu_seconds() - before[variant]) / made[variant]
            for variant, core in self.cores.items()
        }

    def _turn(self, variant: Variant) -> int:
        """Return how many bookings were made."""
        port, bookings = self.cores[variant].port, self.extent.bookings
        driven = generator.drive(port, self._asks(), callers=PHONE_LINES, bookings=bookings)
        refused = {answer.status for answer in driven.answers if answer.status != 201}
        if refused or not driven.answers:
            raise Failed(f"the core that tells {variant} did not book everything: it answered {sorted(refused)}")
        return len(driven.answers)

    def _asks(self) -> Iterator[Ask]:
        for wish in wishes(self.numbers, self.first_day):
            key = {"authorization": f"Bearer {wish.api_key}"}
            yield Ask(generator.post("/v1/bookings", as_json(wish.for_core()), key))


def write(findings: Findings, run: RunDirectory, *, now: datetime) -> Path:
    """Keep the numbers under `.run`; return where."""
    room = run.room("bench")
    room.mkdir(exist_ok=True)
    file = room / f"telemetry-{now:%Y-%m-%dT%H%M%S}.json"
    file.write_text(json.dumps(overhead.as_json(findings), indent=2) + "\n", "utf-8")
    return file
