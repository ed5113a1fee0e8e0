"""Probe runs as child processes: started, listened to, and never left alive.

Apart from the schedule, which only sees what a run tells. Children because Locust patches the process it is in, and
because a fresh process per run keeps memory and statistics from growing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from loadtests.samples import Told, from_line

# A child gives itself 4 s to end after a signal.
TERMINATE_SECONDS = 4.5


class ChildLost(RuntimeError):
    """The child could not be started, or has said nothing for too long."""


class Launch(Protocol):
    """Starts a run and yields what it tells. Closing the generator ends the run.

    Raises ChildLost, or BadLine for something that is not ours.
    """

    def __call__(self, *arguments: str, quiet_seconds: float) -> AsyncGenerator[Told, None]: ...


@dataclass(frozen=True, slots=True)
class ProbeProcesses:
    """Starts `python -m loadtests.probe` with this process's environment; `overheard` gets its stderr, line by line."""

    overheard: Callable[[str], None]

    async def __call__(self, *arguments: str, quiet_seconds: float) -> AsyncGenerator[Told, None]:
        command = (sys.executable, "-m", "loadtests.probe", *arguments, "--json", "--parent", str(os.getpid()))
        # A group of its own: Ctrl-C at the terminal reaches the daemon alone, which then ends its children in order.
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, process_group=0
            )
        except OSError as error:
            raise ChildLost(f"the probe could not be started: {error}") from error
        listening = asyncio.create_task(self._overhear(process))
        try:
            while line := await self._next_line(process, quiet_seconds):
                yield from_line(line)
        finally:
            await _end(process)
            await listening

    async def _next_line(self, process: Process, quiet_seconds: float) -> bytes:
        assert process.stdout is not None  # noqa: S101  asked for above
        try:
            return await asyncio.wait_for(process.stdout.readline(), quiet_seconds)
        except TimeoutError as error:
            raise ChildLost(f"the probe said nothing for {quiet_seconds:g} s") from error

    async def _overhear(self, process: Process) -> None:
        assert process.stderr is not None  # noqa: S101  asked for above
        async for line in process.stderr:
            self.overheard(line.decode(errors="replace").rstrip())


async def _end(process: Process) -> None:
    """Ask the child to end, then make it; its whole group, should it ever have children of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), TERMINATE_SECONDS)
