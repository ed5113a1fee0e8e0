"""The servers of the core benchmark: the core as in production, the bare endpoint, the stand-in for Cal.com."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from json import loads

from prometheus_client.multiprocess import MultiProcessCollector

from booking_core.adapters.postgres.keys import digest
from booking_core.settings import Settings
from loadtests.benchmarks import calcom_stand_in, stored
from loadtests.benchmarks.measurement import Part
from sla import catalogue as c
from sla.topology import Place, Process
from stack import ports, readiness
from stack.environment import marked_environment
from stack.errors import Failed
from stack.machine import Machine
from stack.own_server import OwnServer
from stack.postgres import PrivateCluster
from stack.processes import core_environment
from stack.readiness import Check
from stack.redis import PrivateRedis
from stack.run_directory import RunDirectory
from stack.tether import tethered

CALCOM_MILLISECONDS = 20.0
# Every limit is asked as in production; there is only more room in it than fifty salons could use.
UNLIMITED = {"BOOKING_CALCOM_CALLS_PER_MINUTE": "1000000", "BOOKING_LIMIT_PER_KEY": "0"}
# The bare endpoint borrows the address of a process that this benchmark does not start.
_BARE = Process.PROBE
_MACHINE = Machine()


@dataclass(frozen=True, slots=True)
class Servers:
    """Everything that runs; `started` are processes by the part they play."""

    run: RunDirectory
    place: Place
    cluster: PrivateCluster
    started: Mapping[str, int]

    @property
    def core_port(self) -> int:
        return self.place.port(Process.CORE)

    @property
    def bare_port(self) -> int:
        return self.place.port(_BARE)

    def cpu_seconds(self, server: str) -> Mapping[Part, float]:
        """Return the processor time so far of every part, the server being the one of that name."""
        parts = {Part.SERVER: server, Part.POSTGRES: "postgres", Part.REDIS: "redis", Part.CALCOM: "calcom"}
        return {part: cpu_seconds(self.started[name]) for part, name in parts.items() if name in self.started}

    def core_bytes(self) -> int:
        """Return the memory of the core's processes."""
        return sum(map(_MACHINE.resident_bytes, _MACHINE.family(self.started["core"])))

    def calcom_seconds(self) -> Mapping[str, float]:
        """Return, once, how long each booking since the last question was at Cal.com."""
        connection = HTTPConnection("127.0.0.1", self.place.port(Process.SIMULATOR), timeout=10)
        connection.request("GET", calcom_stand_in.PATH_OF_TIMES)
        told: Mapping[str, float] = loads(connection.getresponse().read())
        connection.close()
        return told

    def statements(self) -> float:
        """Return how many SQL statements the core has sent for bookings so far, by its own count."""
        return sum(self._samples(f"{c.DB_QUERIES_PER_BOOKING.name}_sum").values())

    def cache_requests(self) -> Mapping[tuple[str, ...], float]:
        """Return how often each cache was asked so far, by (cache, result)."""
        return self._samples(c.CACHE_REQUESTS.name)

    def _samples(self, name: str) -> Mapping[tuple[str, ...], float]:
        # The client library's own way of reading, slow and sure.
        files = [str(file) for file in self.run.room("metrics").glob("*.db")]
        families = MultiProcessCollector.merge(files) if files else ()  # type: ignore[no-untyped-call]
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return {tuple(sample.labels.values()): sample.value for sample in samples}


def cpu_seconds(pid: int) -> float:
    return sum(map(_MACHINE.cpu_seconds, family(pid)))


def family(pid: int) -> Sequence[int]:
    """Return a server's process and those that it started."""
    return _MACHINE.family(pid)


@contextmanager
def started(run: RunDirectory, *, workers: int, calcom_milliseconds: float = CALCOM_MILLISECONDS) -> Iterator[Servers]:
    """Start everything on free ports, with the salons in the database; whatever happens, it ends with the block."""
    place = ports.place([], {}, free=True)
    cluster, cache = PrivateCluster(run.postgres), PrivateRedis(run.redis)
    own: dict[str, OwnServer] = {}
    try:
        cluster.initialise()
        cluster.start()
        cache.start()
        core = {**core_environment(run, place), **UNLIMITED, "BOOKING_WORKERS": str(workers)}
        owner = cluster.url(scheme="postgresql+psycopg")
        _once(run, "booking_core", "migrate", environment={**core, "BOOKING_MIGRATION_DATABASE_URL": owner})
        stored.open_salons(cluster.url(), digest)
        for name, server, ready in _servers(run, place, core, workers, calcom_milliseconds):
            own[name] = server
            server.start(ready)
        pids = {"postgres": cluster.pid, "redis": cache.pid, **{name: server.pid for name, server in own.items()}}
        yield Servers(run, place, cluster, pids)
    finally:
        for server in own.values():
            server.stop()
        cache.stop()
        cluster.stop()


def _servers(
    run: RunDirectory, place: Place, core: Mapping[str, str], workers: int, calcom_milliseconds: float
) -> Iterator[tuple[str, OwnServer, Check]]:
    delay = f"--milliseconds={calcom_milliseconds}"
    port = place.port(Process.SIMULATOR)
    stand_in = ("loadtests.benchmarks.calcom_stand_in", f"--port={port}", delay)
    yield "calcom", server(run, "calcom", stand_in, {}), readiness.accepts_tcp("127.0.0.1", port)
    ready = readiness.answers_http("127.0.0.1", place.port(Process.CORE), "/readyz")
    yield "core", server(run, "core", ("booking_core", "serve"), core), ready
    bare = {
        "BARE_PORT": str(place.port(_BARE)),
        "BARE_WORKERS": str(workers),
        # As the owner of everything: whoever writes this without us has no row-level security either.
        "BARE_DATABASE_URL": PrivateCluster(run.postgres).url(scheme="postgresql+psycopg"),
        "BARE_DATABASE_POOL_SIZE": str(Settings().database_pool_size),
    }
    ready = readiness.answers_http("127.0.0.1", place.port(_BARE), "/openapi.json")
    yield "bare", server(run, "bare", ("loadtests.benchmarks.bare_endpoint",), bare), ready


def server(run: RunDirectory, name: str, module: tuple[str, ...], environment: Mapping[str, str]) -> OwnServer:
    """Return a process of ours, to be started, with its log in the run directory."""
    return OwnServer(
        _python(*module),
        log=run.log / f"{name}.log",
        stop_signal=signal.SIGTERM,
        environment={**_plain(run), **environment},
    )


def _once(run: RunDirectory, *module: str, environment: Mapping[str, str]) -> None:
    result = subprocess.run(
        _python(*module), env={**_plain(run), **environment}, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise Failed(f"{' '.join(module)} did not work: {result.stderr.strip()}")


def _python(*arguments: str) -> tuple[str, ...]:
    return tethered((sys.executable, "-m", *arguments))


def _plain(run: RunDirectory) -> dict[str, str]:
    # Without the caller's own settings: two runs on one machine must measure the same.
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
    # Nor by chance: what is hashed lies alike in all of them.
    return marked_environment({**kept, "PYTHONHASHSEED": "0"}, directory=str(run.path))
