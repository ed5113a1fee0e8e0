"""Who listens where in docker-compose.yml, and who believes to reach whom where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import ValidationError

from tests.compose.chain import Chain, Service
from tests.compose.processes import process_of, settings_of

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the address that containers must listen on to reach each other
LOOPBACK = "127.0.0.1"

# Images whose port no line of the file repeats.
_PORTS_OF_IMAGES = {"postgres": 5432, "redis": 6379}
_URL = re.compile(r"\b[a-z0-9+]+://[^\s'\"]+")


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A host, by name or number, and a port."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Address:
        """Read `host:port` or a URL; a URL without a port means 80."""
        parts = urlsplit(text if "://" in text else f"//{text}")
        return cls(parts.hostname or EVERYWHERE, parts.port or 80)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def listened(service: Service) -> set[Address]:
    """Return where a service accepts connections."""
    texts = [value for name, value in service.environment.items() if re.fullmatch(r"MP_\w+_BIND_ADDR", name)]
    if flag := service.flag("web.listen-address"):
        texts.append(flag)
    if port := service.environment.get("GF_SERVER_HTTP_PORT"):
        texts.append(f":{port}")
    if default := _PORTS_OF_IMAGES.get(service.parts.get("image", "").partition(":")[0]):
        texts.append(f":{default}")
    return {Address.of(text) for text in texts} | _own(service)


def _own(service: Service) -> set[Address]:
    process = process_of(service)
    if process is None or not process.listening.intersection(service.command[1:] or [""]):
        return set()
    try:
        settings = settings_of(service)
    except ValidationError:
        return set()  # said elsewhere
    return {Address(settings.host, settings.port)}


def ports(chain: Chain) -> set[Address]:
    """Return every address that exists in the network of the chain, under the services' names."""
    return {
        Address(service.name, each.port) for service in chain for each in listened(service) if each.host == EVERYWHERE
    }


def believed(chain: Chain) -> Iterator[tuple[str, Address]]:
    """Yield every address that one service uses for another, after the place where that is written."""
    for service in chain:
        for name, value in service.environment.items():
            yield from ((f"{service.name}: {name}", each) for each in _urls(value))
        for word in service.command:
            yield from ((f"{service.name}: {word}", each) for each in _urls(word))
        yield from _pairs(service)
    yield from _prometheus(chain)
    yield from _alertmanager(chain)
    yield from _grafana(chain)


def _urls(text: str) -> list[Address]:
    addresses = [Address.of(url) for url in _URL.findall(text)]
    return [each for each in addresses if each.host != LOOPBACK]


def _pairs(service: Service) -> Iterator[tuple[str, Address]]:
    """Addresses in two variables, X_HOST and X_PORT, that are not where the service itself listens."""
    for name, host in service.environment.items():
        port = service.environment.get(f"{name.removesuffix('_HOST')}_PORT")
        if name.endswith("_HOST") and host != EVERYWHERE and port is not None:
            yield f"{service.name}: {name}", Address(host, int(port))


def _configuration(service: Service) -> Any:
    path = service.in_checkout(service.flag("config.file") or "")
    return yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}


def _prometheus(chain: Chain) -> Iterator[tuple[str, Address]]:
    document = _configuration(chain["prometheus"])
    jobs = [*document.get("scrape_configs", []), *document.get("alerting", {}).get("alertmanagers", [])]
    for job in jobs:
        for group in job["static_configs"]:
            yield from ((f"prometheus.yml: {job.get('job_name')}", Address.of(each)) for each in group["targets"])


def _alertmanager(chain: Chain) -> Iterator[tuple[str, Address]]:
    for receiver in _configuration(chain["alertmanager"]).get("receivers", []):
        for webhook in receiver["webhook_configs"]:
            yield f"alertmanager.yml: {receiver['name']}", Address.of(webhook["url"])


def _grafana(chain: Chain) -> Iterator[tuple[str, Address]]:
    directory = chain["grafana"].in_checkout("/etc/grafana/provisioning/datasources")
    for path in directory.glob("*.yaml"):
        for source in yaml.safe_load(path.read_text("utf-8"))["datasources"]:
            yield path.name, Address.of(source["url"])


def dead_addresses(chain: Chain) -> list[str]:
    """Return a sentence for every address at which nobody listens."""
    existing = ports(chain)
    return [
        f"{where} says {address}, where nobody listens" for where, address in believed(chain) if address not in existing
    ]


def unreachable_ports(chain: Chain) -> list[str]:
    """Return what is wrong with the ports that the machine offers."""
    problems = []
    for service in chain:
        problems += [
            f"{service.name}: listens on {each}, where no other container reaches it"
            for each in listened(service)
            if each.host != EVERYWHERE
        ]
        inside = {each.port for each in listened(service)}
        for port in service.ports:
            if port.address != LOOPBACK:
                problems.append(f"{service.name}: port {port.outside} is offered to other machines")
            if port.inside not in inside:
                problems.append(f"{service.name}: port {port.inside} is published, but nobody listens on it")
            if port.inside != port.outside:
                problems.append(f"{service.name}: port {port.inside} is {port.outside} outside; keep one number")
        offered = {port.outside for port in service.ports}
        problems += [
            f"{service.name}: tells people to open port {each.port}, which it does not offer"
            for each in _told_to_people(service)
            if each.port not in offered
        ]
    return problems


def _told_to_people(service: Service) -> list[Address]:
    addresses = [Address.of(url) for word in service.command for url in _URL.findall(word)]
    return [each for each in addresses if each.host == LOOPBACK]


def unchecked_health(chain: Chain) -> list[str]:
    """Return which lasting services have no health check, or one that asks where they do not listen."""
    problems = []
    for service in chain.lasting():
        if service.health[:1] not in (["CMD"], ["CMD-SHELL"]):
            problems.append(f"{service.name}: has no health check")
        asked = {Address.of(url).port for word in service.health for url in _URL.findall(word) if LOOPBACK in url}
        wrong = asked - {each.port for each in listened(service)}
        problems += [f"{service.name}: its health check asks port {port}, where it does not listen" for port in wrong]
    return problems
