"""docker-compose.yml as objects that can be asked, and broken copies of it.

Apart from the checks, which say what must be true of it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "docker-compose.yml"


@dataclass(frozen=True, slots=True)
class Mount:
    """A directory of the checkout (`./…`) or a named volume, and where the container sees it."""

    source: str
    target: str
    read_only: bool

    @property
    def is_volume(self) -> bool:
        return not self.source.startswith((".", "/"))


@dataclass(frozen=True, slots=True)
class Published:
    """A port of the container that the machine offers, too."""

    address: str
    outside: int
    inside: int

    @classmethod
    def of(cls, text: str) -> Published:
        """Read `address:outside:inside`; without an address every machine may connect."""
        *address, outside, inside = text.split(":")
        return cls(":".join(address), int(outside), int(inside))


@dataclass(frozen=True, slots=True)
class Service:
    """One service, with the short notations of the file taken apart."""

    name: str
    parts: Mapping[str, Any]

    @property
    def environment(self) -> Mapping[str, str]:
        return dict(self.parts.get("environment", {}))

    @property
    def command(self) -> list[str]:
        return list(self.parts.get("command", []))

    @property
    def health(self) -> list[str]:
        return list(self.parts.get("healthcheck", {}).get("test", []))

    @property
    def is_ours(self) -> bool:
        """Built from our Dockerfile, whose entry point makes the command a Python module with arguments."""
        return "build" in self.parts

    @property
    def is_step(self) -> bool:
        """Runs once and must end well."""
        return self.parts.get("restart") == "no"

    @property
    def needs(self) -> Mapping[str, str]:
        """Service to condition."""
        return {name: how["condition"] for name, how in self.parts.get("depends_on", {}).items()}

    @property
    def mounts(self) -> list[Mount]:
        pieces = [text.split(":") for text in self.parts.get("volumes", [])]
        return [Mount(source, target, mode == ["ro"]) for source, target, *mode in pieces]

    @property
    def ports(self) -> list[Published]:
        return [Published.of(text) for text in self.parts.get("ports", [])]

    @property
    def megabytes(self) -> int:
        limit = self.parts["mem_limit"]
        assert limit.endswith("m"), f"{self.name}: write mem_limit in whole megabytes, as in 96m"
        return int(limit[:-1])

    def flag(self, name: str) -> str | None:
        """Return the value of `--name=value`."""
        values = [word.partition("=")[2] for word in self.command if word.startswith(f"--{name}=")]
        return values[0] if values else None

    def in_checkout(self, path: str) -> Path:
        """Return which file of ours the container sees under a path; the path itself if nothing is mounted there."""
        for mount in self.mounts:
            if not mount.is_volume and Path(path).is_relative_to(mount.target):
                return ROOT / mount.source / Path(path).relative_to(mount.target)
        return Path(path)


@dataclass(frozen=True, slots=True)
class Chain:
    """The whole file."""

    document: Mapping[str, Any]

    @classmethod
    def read(cls) -> Chain:
        return cls(yaml.safe_load(FILE.read_text("utf-8")))

    @property
    def volumes(self) -> Mapping[str, Any]:
        return dict(self.document["volumes"])

    def __iter__(self) -> Iterator[Service]:
        return (Service(name, parts) for name, parts in self.document["services"].items())

    def __contains__(self, name: str) -> bool:
        return name in self.document["services"]

    def __getitem__(self, name: str) -> Service:
        return Service(name, self.document["services"][name])

    def ours(self) -> Iterator[Service]:
        return (service for service in self if service.is_ours)

    def lasting(self) -> Iterator[Service]:
        return (service for service in self if not service.is_step)

    def changed(self, name: str, **parts: Any) -> Chain:
        """Return a copy in which a service's parts are replaced; mappings are merged, None takes a part away."""
        document = copy.deepcopy(dict(self.document))
        service = document["services"][name]
        for part, value in parts.items():
            if value is None:
                del service[part]
            elif isinstance(value, dict):
                service[part] = service.get(part, {}) | value
            else:
                service[part] = value
        return Chain(document)

    def without(self, name: str) -> Chain:
        document = copy.deepcopy(dict(self.document))
        del document["services"][name]
        return Chain(document)
