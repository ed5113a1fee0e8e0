"""`slotwatch bench-telemetry`: one core that tells more and less, turn by turn in one process."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from loadtests.benchmarks import generator, overhead
from loadtests.benchmarks.generator import Ask
from loadtests.benchmarks.measurement import PHONE_LINES
from loadtests.benchmarks.overhead import Findings, Variant
from loadtests.benchmarks.salons import as_json, evenly_mixed, wishes
from sla.topology import Process
from stack import readiness
from stack.bench import servers, telling
from stack.bench.servers import Servers
from stack.errors import Failed
from stack.own_server import OwnServer
from stack.postgres import SIDECAR
from stack.processes import core_environment
from stack.redis import PrivateRedis
from stack.run_directory import RunDirectory

# They borrow the addresses of processes that this benchmark does not start.
_CORE, _SINK = Process.PROMETHEUS, Process.GRAFANA
_PATIENCE_SECONDS = 30
# A process's own clock, by its id: what clock_getcpuclockid(3) returns.
_SCHEDULED = 2


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: so many rounds, in each a turn of every core, of so many bookings."""

    rounds: int
    bookings: int = 40
    warm_up_bookings: int = 500
    # Together five seconds, after which OpenTelemetry sends what it has, at 40 bookings a second: a worker that has
    # something to do, and can do seven times as much.
    rounds_to_a_sending: int = 5

    @property
    def steps(self) -> int:
        return 1 + self.rounds


FULL, QUICK = Extent(rounds=600), Extent(rounds=60)
# The cores send when they are told to, so that each pays for its own.
_NEVER = "600000"


@dataclass(frozen=True, slots=True)
class Cores:
    """The process that is one core after the other."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Return its processor time so far, to the nanosecond: /proc tells hundredths, a whole booking's worth."""
        return time.clock_gettime(~self.pid << 3 | _SCHEDULED)

    def turn_to(self, variant: Variant) -> None:
        """Let that one answer from now on."""
        self._ask(telling.TURN + variant.name)

    def send_traces(self) -> None:
        """Let the one that answers send what it has to tell."""
        self._ask(telling.SEND)

    def _ask(self, path: str) -> None:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_SECONDS)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            if answer.status != HTTPStatus.OK:
                raise Failed(f"{path}: answered {answer.status}; the log of `telling` says why")


@contextmanager
def cores(running: Servers) -> Iterator[Cores]:
    """Start it, with a sidecar beside it and somebody to send traces to."""
    place, run = running.place, running.run
    with ExitStack() as stopping:

        def start(name: str, module: tuple[str, ...], environment: Mapping[str, str], ready: readiness.Check) -> int:
            server: OwnServer = servers.server(run, name, module, environment)
            server.start(ready)
            stopping.callback(server.stop)
            return server.pid

        sink, port = place.port(_SINK), place.port(_CORE)
        sinking = ("loadtests.benchmarks.otlp_sink", f"--port={sink}")
        start("otlp", sinking, {}, readiness.accepts_tcp("127.0.0.1", sink))
        metrics = run.path / "metrics-telling"
        listening = readiness.answers_http("127.0.0.1", place.port(Process.EXPORTER), "/livez")
        # Beside the one whose cost is judged.
        start("sidecar", ("exporter",), _sidecar(running, metrics / Variant.SOME_TRACES.name.lower()), listening)
        environment = {
            **core_environment(run, place),
            **servers.UNLIMITED,
            "BOOKING_METRICS_DIRECTORY": str(metrics),
            "OTEL_BSP_SCHEDULE_DELAY": _NEVER,
        }
        module = ("stack.bench.telling", f"--port={port}", f"--traces-to=http://127.0.0.1:{sink}")
        yield Cores(port, start("telling", module, environment, readiness.accepts_tcp("127.0.0.1", port)))


def _sidecar(running: Servers, metrics: Path) -> Mapping[str, str]:
    return {
        "EXPORTER_PORT": str(running.place.port(Process.EXPORTER)),
        "EXPORTER_METRICS_DIRECTORY": str(metrics),
        "EXPORTER_DATABASE_URL": running.cluster.url(role=SIDECAR),
        "EXPORTER_REDIS_URL": PrivateRedis(running.run.redis).url(),
    }


def _asks() -> Iterator[Ask]:
    # The day after tomorrow: every start lies ahead in every zone.
    first_day = datetime.now(UTC).date() + timedelta(days=2)
    for wish in wishes(evenly_mixed(), first_day):
        key = {"authorization": f"Bearer {wish.api_key}"}
        yield Ask(generator.post("/v1/bookings", as_json(wish.for_core()), key))


@dataclass(slots=True)
class Bench:
    """One run; `tell` hears of every step."""

    cores: Cores
    extent: Extent
    tell: Callable[[str], None]
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - repeatable
    asks: Iterator[Ask] = field(default_factory=_asks)

    def run(self) -> Findings:
        self.tell("warming up")
        for variant in Variant:
            self._turn(variant, self.extent.warm_up_bookings)
            self._sending(variant)
        turns, sendings = [], []
        for number in range(1, self.extent.rounds + 1):
            self.tell(f"round {number}")
            order = self.chance.sample([*Variant], len(Variant))
            turns.append({variant: self._turn(variant, self.extent.bookings) for variant in order})
            if number % self.extent.rounds_to_a_sending == 0:
                sendings.append({variant: self._sending(variant) for variant in order})
        return Findings(turns, sendings, self.extent.bookings)

    def _turn(self, variant: Variant, bookings: int) -> float:
        """Return the processor time of one booking, in milliseconds."""
        self.cores.turn_to(variant)
        before = self.cores.cpu_seconds()
        made = self._book(variant, bookings)
        return 1000 * (self.cores.cpu_seconds() - before) / made

    def _sending(self, variant: Variant) -> float:
        """Return what each booking since the last sending owes to this one, in milliseconds."""
        self.cores.turn_to(variant)
        before = self.cores.cpu_seconds()
        self.cores.send_traces()
        bookings = self.extent.rounds_to_a_sending * self.extent.bookings
        return 1000 * (self.cores.cpu_seconds() - before) / bookings

    def _book(self, variant: Variant, bookings: int) -> int:
        """Return how many were made."""
        driven = generator.drive(self.cores.port, self.asks, callers=PHONE_LINES, bookings=bookings)
        refused = {answer.status for answer in driven.answers if answer.status != 201}
        if refused or not driven.answers:
            raise Failed(f"the core that tells {variant} did not book everything: it answered {sorted(refused)}")
        return len(driven.answers)


def write(findings: Findings, run: RunDirectory, *, now: datetime) -> Path:
    """Keep the numbers under `.run`; return where."""
    room = run.room("bench")
    room.mkdir(exist_ok=True)
    file = room / f"telemetry-{now:%Y-%m-%dT%H%M%S}.json"
    file.write_text(json.dumps(overhead.as_json(findings), indent=2) + "\n", "utf-8")
    return file
