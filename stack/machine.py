"""What /proc tells about this machine: who listens on a port, which processes are ours, how much memory they hold.

Apart, and with the mount point as a parameter, so that tests can show it another machine. Everything here may answer
"unknown": processes end while we look, and other people's may not be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stack.environment import has_mark

_LISTENING = "0A"
_KIB = 1024
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Seen:
    """A process, as a person would want it named."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid})"


@dataclass(frozen=True, slots=True)
class Machine:
    """One /proc."""

    proc: Path = Path("/proc")

    def pids(self) -> list[int]:
        return sorted(int(entry.name) for entry in self.proc.iterdir() if entry.name.isdigit())

    def command(self, pid: int) -> str:
        """Return the whole command line; empty when the process is gone."""
        with suppress(OSError):
            words = (self.proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ")
            return words.decode(errors="replace").strip()
        return ""

    def seen(self, pid: int) -> Seen:
        text = self.command(pid) or "unknown"
        return Seen(pid, text if len(text) <= 60 else f"{text[:57]}...")

    def listener(self, port: int) -> Seen | None:
        """Return who listens on a TCP port; None when nobody does or /proc does not say."""
        inodes = {f"socket:[{inode}]" for inode in self._listening_inodes(port)}
        if not inodes:
            return None
        return next((self.seen(pid) for pid in self.pids() if inodes & self._open_files(pid)), None)

    def _listening_inodes(self, port: int) -> Iterator[str]:
        for table in ("tcp", "tcp6"):
            with suppress(OSError):
                for line in (self.proc / "net" / table).read_text().splitlines()[1:]:
                    columns = line.split()
                    if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                        yield columns[9]

    def _open_files(self, pid: int) -> set[str]:
        names: set[str] = set()
        with suppress(OSError):
            for descriptor in (self.proc / str(pid) / "fd").iterdir():
                with suppress(OSError):
                    names.add(os.readlink(descriptor))
        return names

    def of_chain(self, directory: Path) -> list[Seen]:
        """Return the processes of the chain in this directory, whoever started them and whether or not that one lives.

        PostgreSQL's and Redis's processes write their title over their environment; their working directory tells.
        """
        return [self.seen(pid) for pid in self.pids() if self._is_of_chain(pid, directory)]

    def _is_of_chain(self, pid: int, directory: Path) -> bool:
        home = self.proc / str(pid)
        with suppress(OSError):
            if has_mark((home / "environ").read_bytes().split(b"\0"), str(directory)):
                return True
        with suppress(OSError):
            here = Path(os.readlink(home / "cwd"))
            return any(here.is_relative_to(directory / name) for name in ("postgres", "redis"))
        return False

    def family(self, pid: int) -> list[int]:
        """Return a process and everything below it."""
        children: dict[int, list[int]] = {}
        for other in self.pids():
            children.setdefault(self._parent(other), []).append(other)
        members = [pid]
        for member in members:
            members.extend(children.get(member, ()))
        return members

    def _parent(self, pid: int) -> int:
        with suppress(OSError):
            # The command's name stands in brackets and may itself hold brackets and spaces.
            return int((self.proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        return 0

    def cpu_seconds(self, pid: int) -> float:
        """Return the processor time of a process and of the children it has seen end; 0 when it is gone."""
        with suppress(OSError):
            ticks = (self.proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[11:15]
            return sum(map(int, ticks)) / _TICKS
        return 0.0

    def resident_bytes(self, pid: int) -> int:
        """Return the memory a process holds: its fair share of shared pages (PSS) where the kernel tells, else RSS."""
        for file, label in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
            with suppress(OSError):
                for line in (self.proc / str(pid) / file).read_text().splitlines():
                    if line.startswith(label):
                        return int(line.split()[1]) * _KIB
        return 0
