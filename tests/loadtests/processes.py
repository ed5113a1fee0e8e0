"""Starting the probe and its daemon as real processes, and knowing that none is left."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "sla" / "sla.yaml"
PYTHON = (sys.executable, "-m")


def sla_file(directory: Path, **probe: dict[str, Any]) -> Path:
    """Write the shipped promise with other sizes; a shared machine may be late without spoiling a test."""
    document = yaml.safe_load(SHIPPED.read_text())
    document["probe"]["verdict"]["maximum_schedule_lag_seconds"] = 60.0
    for kind, changes in probe.items():
        document["probe"][kind] |= changes
    path = directory / "sla.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@contextmanager
def started(*command: str, **settings: object) -> Iterator[subprocess.Popen[str]]:
    """Start a process with these LOADTEST_ settings; whatever happens, it is gone afterwards."""
    environment = os.environ | {f"LOADTEST_{name.upper()}": str(value) for name, value in settings.items()}
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def probe(*arguments: str) -> tuple[str, ...]:
    return (*PYTHON, "loadtests.probe", *arguments)


def told(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def summary(output: str) -> dict[str, Any]:
    """Return the verdict document of a run's output."""
    last = told(output)[-1]
    assert last["event"] == "summary"
    document: dict[str, Any] = last["document"]
    return document


def children(pid: int) -> set[int]:
    """Return the live children of a process, whichever of its threads started them."""
    listed = (path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return {int(child) for each in listed for child in each if is_alive(int(child))}


def is_alive(pid: int) -> bool:
    """Tell whether the process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def wait_until(is_true: Callable[[], Any], *, seconds: float) -> Any:
    """Return the first true answer; fail when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := is_true()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {is_true}"
        time.sleep(0.05)
    return answer
