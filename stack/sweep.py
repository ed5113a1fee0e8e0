"""Ending what is left of a chain, by the mark its processes carry: after a stop, and after a chain that was killed.

Apart from native.py because `make down` does it for chains it has not started.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from stack import chain_record
from stack.chain_lock import ChainLock
from stack.machine import Machine, Seen
from stack.run_directory import RunDirectory

# supervisord gives each process ten seconds, one after the other in the worst case; most need none.
ORDERLY_SECONDS = 40.0
_LAST_SECONDS = 5.0
_STEP_SECONDS = 0.1


def sweep(run: RunDirectory, machine: Machine) -> list[Seen]:
    """End what nobody holds any more, first asking, then not; return what was there."""
    left = machine.of_chain(run.path)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for one in machine.of_chain(run.path):
            _send(one.pid, number)
        if wait_until(lambda: not machine.of_chain(run.path), seconds=_LAST_SECONDS):
            break
    return left


def end(run: RunDirectory, machine: Machine | None = None) -> list[Seen]:
    """End the chain of this directory, whoever started it; return what was running."""
    machine = machine or Machine()
    running = machine.of_chain(run.path)
    lock = ChainLock(run.lock)
    if holder := lock.holder():
        # The command that holds the chain stops it in order and then ends itself.
        _send(holder, signal.SIGTERM)
        wait_until(lambda: lock.holder() is None, seconds=ORDERLY_SECONDS)
    elif supervisor := _supervisor(run, running):
        _send(supervisor, signal.SIGTERM)
        wait_until(lambda: not machine.command(supervisor), seconds=ORDERLY_SECONDS)
    sweep(run, machine)
    chain_record.forget(run)
    return running


def _supervisor(run: RunDirectory, running: list[Seen]) -> int | None:
    """Return supervisord's id if the file names a process of this chain: numbers are used again."""
    with suppress(OSError, ValueError):
        pid = int(run.supervisor_pid.read_text("utf-8"))
        return pid if pid in {one.pid for one in running} else None
    return None


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Return whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_STEP_SECONDS)
    return True


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
