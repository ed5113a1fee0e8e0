"""chain.json: what a running chain writes down about itself, so that other commands and scripts find its ports."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime

from sla.topology import Place, Process
from stack.ports import STARTED
from stack.run_directory import RunDirectory


def write(run: RunDirectory, place: Place) -> None:
    """Note the command that holds the chain, when it began, and every port."""
    record = {
        "process": os.getpid(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "ports": {process.value: place.port(process) for process in STARTED},
    }
    run.record.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


def place(run: RunDirectory) -> Place | None:
    """Return where the chain of this directory listens; None when none runs, as far as it could say."""
    with suppress(FileNotFoundError):
        ports = json.loads(run.record.read_text("utf-8"))["ports"]
        return Place("native", ports={Process(name): port for name, port in ports.items()})
    return None


def forget(run: RunDirectory) -> None:
    """Remove it: the chain has ended."""
    run.record.unlink(missing_ok=True)
