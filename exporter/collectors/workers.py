"""The core's workers: who is alive, and what each costs.

A worker holds a POSIX record lock on `<slot>.lock` in the metrics directory. Asking for the lock's holder (F_GETLK)
tells the living from the dead without disturbing either, and works where a bare pid would not.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from prometheus_client.metrics_core import Metric as Family

from exporter.collectors import family, gauge
from sla import catalogue as c

HTTP_ROLE = "http"
_FLOCK = "hhqqi"  # type, whence, start, length, pid: Linux's struct flock with 64-bit offsets
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class WorkersCollector:
    """Processor time and memory by slot; `proc` is where the kernel tells them."""

    name = "workers"

    def __init__(self, directory: Path, *, proc: Path = Path("/proc")) -> None:
        self._directory = directory
        self._proc = proc

    def collect(self) -> Iterator[Family]:
        live = holders(self._directory)
        cpu, memory = family(c.WORKER_CPU), family(c.WORKER_MEMORY)
        for slot, pid in live.items():
            try:
                seconds, resident_bytes = self._cost(pid)
            except OSError:
                continue  # it ended since we asked, or lives in another pid namespace
            cpu.add_metric([slot], seconds)
            memory.add_metric([slot], resident_bytes)
        yield gauge(c.WORKERS_LIVE, sum(slot.startswith(f"{HTTP_ROLE}-") for slot in live))
        yield cpu
        yield memory

    def _cost(self, pid: int) -> tuple[float, float]:
        # The command name, in parentheses, may hold spaces: count fields after it.
        fields = (self._proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        user_ticks, system_ticks = int(fields[11]), int(fields[12])
        resident_pages = int((self._proc / str(pid) / "statm").read_text().split()[1])
        return (user_ticks + system_ticks) / _TICKS, resident_pages * _PAGE_BYTES


def holders(directory: Path) -> Mapping[str, int]:
    """Return the pid of every living worker by its slot's name."""
    held = {path.stem: _holder(path) for path in sorted(directory.glob("*.lock"))}
    return {slot: pid for slot, pid in held.items() if pid is not None}


def first_slot_seconds(directory: Path) -> float | None:
    """Return the Unix time at which the first slot was taken, and counting began; None before that.

    Nobody ever writes into a slot's lock: it was changed last when it was made.
    """
    return min((path.stat().st_mtime for path in directory.glob("*.lock")), default=None)


def _holder(path: Path) -> int | None:
    with path.open("rb") as file:
        question = struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
        # A read lock is what a file opened for reading may ask about; it conflicts with the worker's write lock.
        answer = fcntl.fcntl(file, fcntl.F_GETLK, question)
    kind, _whence, _start, _length, pid = struct.unpack(_FLOCK, answer)
    return None if kind == fcntl.F_UNLCK else pid
