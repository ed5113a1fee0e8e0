"""What must be true of every service whatever it runs: pinned, unprivileged, bounded, in an order that can work."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.compose.chain import ROOT, Chain, Service

# How many numbers make a full version; PostgreSQL has two since version 10.
_NUMBERS = {"postgres": 2}
_TAG = re.compile(r"v?(\d+(?:\.\d+)*)(?:-[a-z0-9]+)*")
# Who may see the processes of the machine; the reason stands beside it in the file.
_SEES_PROCESSES = {"exporter"}


def unpinned_images(chain: Chain) -> list[str]:
    images = {service.name: service.parts["image"] for service in chain if not service.is_ours}
    return [
        f"{name}: {image} is not pinned to a full version" for name, image in images.items() if not is_pinned(image)
    ]


def is_pinned(image: str) -> bool:
    """True for a tag that names one release: `redis:7.2.16-bookworm`, not `redis`, `redis:7` or `redis:latest`."""
    name, _, tag = image.rpartition(":")
    match = _TAG.fullmatch(tag)
    return bool(name) and match is not None and len(match[1].split(".")) >= _NUMBERS.get(name, 3)


def privileges(chain: Chain) -> list[str]:
    """Return where a service may do more than it needs."""
    problems = []
    for service in chain:
        user = str(service.parts.get("user", "" if not service.is_ours else "image's"))
        if user.partition(":")[0] in ("", "0", "root"):
            problems.append(f"{service.name}: runs as root")
        if service.parts.get("read_only") is not True:
            problems.append(f"{service.name}: can write to its own image")
        if service.parts.get("cap_drop") != ["ALL"]:
            problems.append(f"{service.name}: keeps capabilities")
        if "no-new-privileges:true" not in service.parts.get("security_opt", []):
            problems.append(f"{service.name}: may gain privileges")
        if "pid" in service.parts and service.name not in _SEES_PROCESSES:
            problems.append(f"{service.name}: shares a process namespace")
    return problems


def unbounded(chain: Chain) -> list[str]:
    """Return which services could fill the machine's memory or disk, or stay down."""
    problems = []
    for service in chain:
        if "mem_limit" not in service.parts:
            problems.append(f"{service.name}: has no mem_limit")
        if "max-size" not in service.parts.get("logging", {}).get("options", {}):
            problems.append(f"{service.name}: its log has no limit")
        if service.parts.get("restart") not in ("unless-stopped", "no"):
            problems.append(f'{service.name}: says neither restart: unless-stopped nor restart: "no"')
    return problems


def impossible_orders(chain: Chain) -> list[str]:
    """Return which service waits for something that cannot happen."""
    problems = []
    for service in chain:
        for name, condition in service.needs.items():
            if name not in chain:
                problems.append(f"{service.name}: waits for {name}, which does not exist")
            elif condition == "service_completed_successfully" and not chain[name].is_step:
                problems.append(f"{service.name}: waits for the end of {name}, which does not end")
            elif condition == "service_healthy" and not chain[name].health:
                problems.append(f"{service.name}: waits for the health of {name}, which has no check")
            elif condition == "service_started":
                problems.append(f"{service.name}: waits until {name} is started, which says nothing")
    return problems


def absent_files(chain: Chain) -> list[str]:
    """Return which mounts, and which files that a process reads through them, are not there."""
    problems = []
    for service in chain:
        problems += [problem for mount in service.mounts for problem in _mount_problems(chain, service, mount.source)]
        problems += [
            f"{service.name}: can change {mount.source}; mount it :ro"
            for mount in service.mounts
            if not mount.is_volume and not mount.read_only
        ]
        problems += [f"{service.name}: {path} is not there" for path in _read(service) if not _exists(service, path)]
    used = {mount.source for service in chain for mount in service.mounts}
    return problems + [f"volume {name} is used by nobody" for name in chain.volumes if name not in used]


def homeless_directories(chain: Chain) -> list[str]:
    """Return which directories a lasting process of ours is told to use, but cannot keep: its image is read-only."""
    problems = []
    for service in chain.ours():
        volumes = {mount.target: mount for mount in service.mounts if mount.is_volume}
        for name, path in service.environment.items():
            if service.is_step or not name.endswith("_DIRECTORY"):
                continue
            if path not in volumes:
                problems.append(f"{service.name}: {name} is {path}, where no volume is mounted")
            elif volumes[path].read_only:
                problems.append(f"{service.name}: {name} is {path}, where it may not write")
    return problems


def _mount_problems(chain: Chain, service: Service, source: str) -> list[str]:
    if source.startswith("./"):
        return [] if (ROOT / source).exists() else [f"{service.name}: {source} does not exist"]
    return [] if source in chain.volumes else [f"{service.name}: {source} is not a volume of the file"]


def _read(service: Service) -> list[str]:
    """The paths, as the container sees them, that a service of the shelf is told to read; `*` may stand for names."""
    paths = []
    if (configuration := service.flag("config.file")) is not None:
        paths.append(configuration)
        local = service.in_checkout(configuration)
        document = yaml.safe_load(local.read_text("utf-8")) if local.is_file() else {}
        paths += [_joined(configuration, rules) for rules in document.get("rule_files", [])]
    if (home := service.environment.get("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH")) is not None:
        paths += [home, "/etc/grafana/provisioning/datasources/*.yaml", *_dashboards(service)]
    return paths


def _joined(configuration: str, relative: str) -> str:
    parts: list[str] = []
    for part in (*Path(configuration).parent.parts, *Path(relative).parts):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return str(Path(*parts))


def _dashboards(service: Service) -> list[str]:
    providers = service.in_checkout("/etc/grafana/provisioning/dashboards")
    documents = [yaml.safe_load(path.read_text("utf-8")) for path in providers.glob("*.yaml")]
    found = [f"{each['options']['path']}/*.json" for document in documents for each in document["providers"]]
    return found or ["/etc/grafana/provisioning/dashboards/*.yaml"]


def _exists(service: Service, path: str) -> bool:
    local = service.in_checkout(path)
    return local.is_relative_to(ROOT) and any(local.parent.glob(local.name))
