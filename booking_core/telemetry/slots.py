"""Numbered metric files: every worker writes into a slot that outlives it.

A slot is taken under a file lock, not named after a pid, so a recycled worker goes on counting where its predecessor
stopped and the number of files never grows. The sidecar tells a live worker by the same lock.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import prometheus_client.values
from prometheus_client import multiprocess

from booking_core.telemetry import cells

LOCK_SUFFIX = ".lock"


@dataclass(frozen=True, slots=True)
class Slot:
    """A taken slot. The lock lasts as long as the process; nothing releases it earlier."""

    name: str
    directory: Path
    lock: int


def take(directory: Path, role: str) -> Slot:
    """Take the first free slot of a role (`http`, `jobs`) and send all metrics made from now on into its files.

    Must run before the first metric of the process is made. POSIX record locks are used because a reader can ask
    who holds one (F_GETLK) without disturbing it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for number in count():
        name = f"{role}-{number}"
        lock = os.open(directory / f"{name}{LOCK_SUFFIX}", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        _direct_metrics(directory, name)
        return Slot(name, directory, lock)
    raise AssertionError("unreachable: count() does not end")


def _direct_metrics(directory: Path, name: str) -> None:
    # A predecessor that was killed left its "in progress" gauges behind: without this they would leak for ever.
    multiprocess.mark_process_dead(name, str(directory))  # type: ignore[no-untyped-call]
    # The client chose its value class at import, before this process had a slot.
    prometheus_client.values.ValueClass = cells.in_files_of(name, directory)
