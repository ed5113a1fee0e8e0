"""Which process listens where: the one table of addresses.

Apart from the settings because Prometheus targets, Alertmanager receivers, the probe and the native start
all need the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Process(StrEnum):
    """The processes that listen on TCP; the value is also the service's name in docker-compose.yml."""

    CORE = "core"
    SIMULATOR = "simulator"
    MAIL = "mail"
    EXPORTER = "exporter"
    PROBE = "probe"
    ONCALL = "oncall"
    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"


DEFAULT_PORTS: Mapping[Process, int] = {
    Process.CORE: 8000,
    Process.SIMULATOR: 8090,
    Process.MAIL: 8025,
    Process.EXPORTER: 9464,
    Process.PROBE: 9465,
    Process.ONCALL: 9466,
    Process.PROMETHEUS: 9090,
    Process.ALERTMANAGER: 9093,
    Process.GRAFANA: 3000,
}

# The Prometheus jobs. The exporter speaks for the whole booking core, so its job carries that name.
JOBS: Mapping[str, Process] = {
    "booking": Process.EXPORTER,
    "probe": Process.PROBE,
    "oncall": Process.ONCALL,
    "prometheus": Process.PROMETHEUS,
    "alertmanager": Process.ALERTMANAGER,
}
BOOKING_JOB = "booking"


@dataclass(frozen=True, slots=True)
class Place:
    """An environment the chain runs in, with the address under which each process finds the others."""

    name: str
    hosts: Mapping[Process, str] = field(default_factory=dict)
    ports: Mapping[Process, int] = field(default_factory=dict)

    def host(self, process: Process) -> str:
        return self.hosts.get(process, "127.0.0.1")

    def port(self, process: Process) -> int:
        return self.ports.get(process, DEFAULT_PORTS[process])

    def address(self, process: Process) -> str:
        return f"{self.host(process)}:{self.port(process)}"

    def url(self, process: Process) -> str:
        return f"http://{self.address(process)}"


# The last two are the names that prometheus-operator gives to the services it makes.
KUBERNETES = Place(
    "kubernetes",
    hosts={
        Process.PROBE: "slotwatch-probe",
        Process.ONCALL: "slotwatch-oncall",
        Process.PROMETHEUS: "prometheus-operated",
        Process.ALERTMANAGER: "alertmanager-operated",
    },
)
NATIVE = Place("native")
COMPOSE = Place("compose", hosts={process: process.value for process in Process})
