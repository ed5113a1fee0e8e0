"""`slotwatch bench-telemetry`: one core that tells more and less, booking by booking in one process."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx

from loadtests.benchmarks import overhead
from loadtests.benchmarks.overhead import Cost, Findings, Variant
from loadtests.benchmarks.salons import Wish, wishes
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
    """How much is measured: so many batches; in each, so many rounds and then a sending of every core's traces."""

    batches: int
    # Five seconds, after which OpenTelemetry sends what it has, at 40 bookings a second: a worker that has something
    # to do, and can do seven times as much.
    rounds: int = 200

    @property
    def steps(self) -> int:
        return 1 + self.batches


FULL, QUICK = Extent(batches=50), Extent(batches=5)
# The cores send when they are told to, so that each pays for its own.
_NEVER = "600000"
# What goes on behind an answer has ended by then.
_SETTLING_SECONDS = 0.003


@dataclass(frozen=True, slots=True)
class Cores:
    """The process that is one core or the other, as each request says; each returns the processor seconds it took."""

    pid: int
    client: httpx.Client

    def book(self, variant: Variant, wish: Wish) -> float:
        """Let that core make a booking."""
        headers = {telling.WHICH: variant.name, "Authorization": f"Bearer {wish.api_key}"}
        return self._took(self.client.build_request("POST", "/v1/bookings", json=wish.for_core(), headers=headers))

    def send_traces(self, variant: Variant) -> float:
        """Let that core send what it has to tell."""
        return self._took(self.client.build_request("GET", telling.SEND, headers={telling.WHICH: variant.name}))

    def _took(self, request: httpx.Request) -> float:
        before = self._cpu_seconds()
        answer = self.client.send(request)
        if not answer.is_success:
            raise Failed(f"{request.url.path}: {request.headers[telling.WHICH]} answered {answer}: {answer.text}")
        time.sleep(_SETTLING_SECONDS)
        return self._cpu_seconds() - before

    def _cpu_seconds(self) -> float:
        """Return the process's time so far, to the nanosecond: /proc tells hundredths, a whole booking's worth."""
        return time.clock_gettime(~self.pid << 3 | _SCHEDULED)


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
        pid = start("telling", module, environment, readiness.accepts_tcp("127.0.0.1", port))
        address = f"http://127.0.0.1:{port}"
        client = httpx.Client(base_url=address, timeout=_PATIENCE_SECONDS, trust_env=False)
        yield Cores(pid, stopping.enter_context(client))


def _sidecar(running: Servers, metrics: Path) -> Mapping[str, str]:
    return {
        "EXPORTER_PORT": str(running.place.port(Process.EXPORTER)),
        "EXPORTER_METRICS_DIRECTORY": str(metrics),
        "EXPORTER_DATABASE_URL": running.cluster.url(role=SIDECAR),
        "EXPORTER_REDIS_URL": PrivateRedis(running.run.redis).url(),
    }


def _wishes() -> Iterator[Wish]:
    # The day after tomorrow: every start lies ahead in every zone. Fifty in a row are alike, so those of a round are.
    return wishes(count(), datetime.now(UTC).date() + timedelta(days=2))


@dataclass(slots=True)
class Bench:
    """One run; `tell` hears of every step."""

    cores: Cores
    extent: Extent
    tell: Callable[[str], None]
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - repeatable
    wishes: Iterator[Wish] = field(default_factory=_wishes)

    def run(self) -> Findings:
        self.tell("warming up")
        self._batch()
        batches = []
        for number in range(1, self.extent.batches + 1):
            self.tell(f"batch {number} of {self.extent.batches}")
            batches.append(self._batch())
        return Findings(batches, self.extent.rounds)

    def _batch(self) -> Cost:
        rounds = [self._each(self._booking) for _ in range(self.extent.rounds)]
        return overhead.batch(rounds, self._each(self.cores.send_traces))

    def _each(self, ask: Callable[[Variant], float]) -> Cost:
        """Ask every core, in an order of its own, and return the milliseconds that each took."""
        return {variant: 1000 * ask(variant) for variant in self.chance.sample([*Variant], len(Variant))}

    def _booking(self, variant: Variant) -> float:
        return self.cores.book(variant, next(self.wishes))


def write(findings: Findings, run: RunDirectory, *, now: datetime) -> Path:
    """Keep the numbers under `.run`; return where."""
    room = run.room("bench")
    room.mkdir(exist_ok=True)
    file = room / f"telemetry-{now:%Y-%m-%dT%H%M%S}.json"
    file.write_text(json.dumps(overhead.as_json(findings), indent=2) + "\n", "utf-8")
    return file
