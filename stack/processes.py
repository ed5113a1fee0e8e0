"""THE table of the chain: what runs, with which command and settings, after what, and how we know that it works.

docker-compose.yml says the same for Docker. Only here does the native start learn anything about a process.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sla.objectives import Promise
from sla.topology import Place, Process
from stack import binaries, readiness
from stack.monitoring import MonitoringFiles
from stack.postgres import CORE, SIDECAR, PrivateCluster
from stack.readiness import Check
from stack.redis import PrivateRedis
from stack.run_directory import RunDirectory
from stack.tether import tethered


@dataclass(frozen=True, slots=True)
class Demo:
    """What the native start seeds and everybody in it uses. For demonstrations: nothing here protects anything."""

    tenant: str = "demo"
    api_key: str = "sk_demo"
    retell_api_key: str = "key_demo"
    calcom_api_key: str = "cal_demo"
    calcom_webhook_secret: str = "whsec_demo"  # noqa: S105 - as the docstring says


DEMO = Demo()


@dataclass(frozen=True, slots=True)
class Program:
    """One row: a process that stays, or (`once`) a step that must end well before what follows it."""

    name: str
    command: tuple[str, ...]
    address: str
    # None for what listens nowhere: that it keeps running is all there is to see.
    ready: Check | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    once: bool = False
    stop_signal: str = "TERM"
    start_within_seconds: float = 30.0


def programs(run: RunDirectory, place: Place, promise: Promise) -> tuple[Program, ...]:
    """Return the whole chain in the order of a tidy table; `after` decides the order of starting."""
    core = core_environment(run, place)
    return (
        _postgres(run),
        _redis(run),
        _simulator(run, place),
        _mail(run, place),
        *_booking_core(run, core, place),
        _exporter(run, place),
        *_monitoring(run, place, promise),
        _oncall(run, place),
        _probe(run, place),
    )


def _python(*arguments: str) -> tuple[str, ...]:
    return tethered((sys.executable, "-m", *arguments))


def _listens(prefix: str, place: Place, process: Process) -> dict[str, str]:
    return {f"{prefix}_HOST": place.host(process), f"{prefix}_PORT": str(place.port(process))}


def _http(place: Place, process: Process, path: str) -> Check:
    return readiness.answers_http(place.host(process), place.port(process), path)


def _postgres(run: RunDirectory) -> Program:
    cluster = PrivateCluster(run.postgres)
    # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
    return Program("postgres", cluster.command(), "unix socket", ready=cluster.is_ready, stop_signal="INT")


def _redis(run: RunDirectory) -> Program:
    server = PrivateRedis(run.redis)
    return Program("redis", server.command(), "unix socket", ready=server.is_ready)


def _simulator(run: RunDirectory, place: Place) -> Program:
    return Program(
        "simulator",
        _python("loadtests.calcom_simulator"),
        place.url(Process.SIMULATOR),
        ready=_http(place, Process.SIMULATOR, "/control/faults"),
        environment={
            **_listens("SIMULATOR", place, Process.SIMULATOR),
            "SIMULATOR_MEMORY": str(run.path / "simulator.json"),
            "SIMULATOR_API_KEY": DEMO.calcom_api_key,
            "SIMULATOR_WEBHOOK_URL": f"{place.url(Process.CORE)}/v1/webhooks/calcom/{DEMO.tenant}",
            "SIMULATOR_WEBHOOK_SECRET": DEMO.calcom_webhook_secret,
        },
    )


def _mail(run: RunDirectory, place: Place) -> Program:
    return Program(
        "mail",
        _python("loadtests.mail_sink"),
        f"smtp://{place.address(Process.MAIL)}",
        ready=readiness.accepts_tcp(place.host(Process.MAIL), place.port(Process.MAIL)),
        environment={**_listens("MAIL", place, Process.MAIL), "MAIL_DIRECTORY": str(run.room("mail"))},
    )


def core_environment(run: RunDirectory, place: Place) -> dict[str, str]:
    """Return the settings of every process of the core."""
    cluster, cache = PrivateCluster(run.postgres), PrivateRedis(run.redis)
    return {
        **_listens("BOOKING", place, Process.CORE),
        "BOOKING_DATABASE_URL": cluster.url(scheme="postgresql+psycopg", role=CORE),
        "BOOKING_REDIS_URL": cache.url(),
        "BOOKING_CALCOM_URL": f"{place.url(Process.SIMULATOR)}/v2",
        "BOOKING_SMTP_HOST": place.host(Process.MAIL),
        "BOOKING_SMTP_PORT": str(place.port(Process.MAIL)),
        "BOOKING_METRICS_DIRECTORY": str(run.room("metrics")),
        "BOOKING_SEED_TENANT": DEMO.tenant,
        "BOOKING_SEED_API_KEY": DEMO.api_key,
        "BOOKING_SEED_RETELL_API_KEY": DEMO.retell_api_key,
        "BOOKING_SEED_CALCOM_API_KEY": DEMO.calcom_api_key,
        "BOOKING_SEED_CALCOM_WEBHOOK_SECRET": DEMO.calcom_webhook_secret,
    }


def operator_environment(run: RunDirectory, place: Place) -> dict[str, str]:
    """Return the settings of whoever may also change the schema: set-up steps, and a person at a terminal."""
    owner = PrivateCluster(run.postgres).url(scheme="postgresql+psycopg")
    return {**core_environment(run, place), "BOOKING_MIGRATION_DATABASE_URL": owner}


def _booking_core(run: RunDirectory, core: Mapping[str, str], place: Place) -> tuple[Program, ...]:
    owner = operator_environment(run, place)

    def step(name: str, after: tuple[str, ...]) -> Program:
        return Program(name, _python("booking_core", name), "runs once", environment=owner, after=after, once=True)

    return (
        step("migrate", ("postgres",)),
        step("seed", ("migrate", "simulator")),
        Program(
            "core",
            _python("booking_core", "serve"),
            place.url(Process.CORE),
            ready=_http(place, Process.CORE, "/readyz"),
            environment=core,
            after=("migrate", "redis", "simulator", "mail"),
        ),
        Program("worker", _python("booking_core", "worker"), "no port", environment=core, after=("migrate", "redis")),
    )


def _exporter(run: RunDirectory, place: Place) -> Program:
    return Program(
        "exporter",
        _python("exporter"),
        f"{place.url(Process.EXPORTER)}/metrics",
        ready=_http(place, Process.EXPORTER, "/metrics"),
        environment={
            **_listens("EXPORTER", place, Process.EXPORTER),
            "EXPORTER_METRICS_DIRECTORY": str(run.room("metrics")),
            "EXPORTER_DATABASE_URL": PrivateCluster(run.postgres).url(role=SIDECAR),
            "EXPORTER_REDIS_URL": PrivateRedis(run.redis).url(),
        },
        after=("migrate", "redis"),
    )


def _monitoring(run: RunDirectory, place: Place, promise: Promise) -> tuple[Program, ...]:
    files = MonitoringFiles(run, place, promise)
    return (
        Program(
            "prometheus",
            tethered((str(binaries.PROMETHEUS.get()), *files.prometheus_flags())),
            place.url(Process.PROMETHEUS),
            ready=_http(place, Process.PROMETHEUS, "/-/ready"),
        ),
        Program(
            "alertmanager",
            tethered((str(binaries.ALERTMANAGER.get()), *files.alertmanager_flags())),
            place.url(Process.ALERTMANAGER),
            ready=_http(place, Process.ALERTMANAGER, "/-/ready"),
        ),
    )


def _oncall(run: RunDirectory, place: Place) -> Program:
    return Program(
        "oncall",
        _python("alerts.oncall"),
        place.url(Process.ONCALL),
        ready=_http(place, Process.ONCALL, "/livez"),
        environment={**_listens("ONCALL", place, Process.ONCALL), "ONCALL_STATE_DIRECTORY": str(run.room("oncall"))},
    )


def _probe(run: RunDirectory, place: Place) -> Program:
    return Program(
        "probe",
        _python("loadtests.daemon"),
        f"{place.url(Process.PROBE)}/verdict",
        ready=_http(place, Process.PROBE, "/livez"),
        environment={
            **_listens("LOADTEST", place, Process.PROBE),
            "LOADTEST_TARGET_URL": place.url(Process.CORE),
            "LOADTEST_TENANT": DEMO.tenant,
            "LOADTEST_API_KEY": DEMO.api_key,
            "LOADTEST_RETELL_API_KEY": DEMO.retell_api_key,
            "LOADTEST_STATE_DIRECTORY": str(run.room("probe")),
        },
        after=("core", "seed"),
    )


def log_of(run: RunDirectory, name: str) -> Path:
    """Return where a process's output goes."""
    return run.log / f"{name}.log"
