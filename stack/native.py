"""The chain on this machine, without Docker: refuse what cannot work, start in order, watch, stop, leave nothing.

Three guards against processes that outlive us: supervisord is tethered to us, everything else to supervisord, and every
process carries our mark, so that what slips through both is found and ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from sla import objectives
from sla.objectives import Promise
from sla.topology import Place
from stack import binaries, chain_record, ports, supervision
from stack.chain_lock import ChainLock
from stack.environment import marked_environment
from stack.errors import Failed, Refused
from stack.machine import Machine
from stack.monitoring import MonitoringFiles
from stack.own_server import tail
from stack.postgres import PrivateCluster
from stack.processes import Program, log_of, programs
from stack.redis import PrivateRedis
from stack.run_directory import RunDirectory
from stack.startup import Observer, Startup, Status, status_of, waves
from stack.supervision import STOP_SECONDS, Supervisor
from stack.sweep import ORDERLY_SECONDS, sweep, wait_until
from stack.tether import tethered

_SUPERVISOR_SECONDS = 15.0
_STEP_SECONDS = 0.05


@dataclass(slots=True)
class Chain:
    """One start of everything. Use it as a context from the main thread: leaving it stops whatever has been started."""

    run: RunDirectory
    place: Place
    promise: Promise = field(default_factory=objectives.load)
    pause: Callable[[float], None] = time.sleep
    machine: Machine = field(default_factory=Machine)
    # Programs to leave out; nothing that is left may stand on one of them.
    without: frozenset[str] = frozenset()
    _lock: ChainLock = field(init=False)
    _programs: tuple[Program, ...] = ()
    _daemon: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self._lock = ChainLock(self.run.lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.run.supervisor_socket)

    def start(self, observe: Observer) -> None:
        """Start everything and return when all of it is ready.

        Raises Refused before anything is started when a program is missing, a chain runs here already or a port is
        taken; Failed when a process cannot be brought up.
        """
        self._refuse()
        self._prepare()
        self._start_supervisord()
        startup = Startup(self._programs, self.supervisor, last_words=self._last_words, pause=self.pause)
        startup.run(observe)

    def _refuse(self) -> None:
        binaries.require(binaries.needed())
        if not self._lock.acquire():
            raise Refused(
                f"a chain is already running from {self.run.path} (process {self._lock.holder()}); "
                "end it with Ctrl-C there, or with `make down`"
            )
        left = self.machine.of_chain(self.run.path)
        if left:
            names = ", ".join(str(one) for one in left[:3])
            raise Refused(
                f"{len(left)} processes of an earlier run still live, such as {names}; end them with `make down`"
            )
        ports.refuse_taken(ports.taken(self.place, machine=self.machine))

    def _prepare(self) -> None:
        PrivateCluster(self.run.postgres).initialise()
        PrivateRedis(self.run.redis).initialise()
        MonitoringFiles(self.run, self.place, self.promise).prepare()
        whole = programs(self.run, self.place, self.promise)
        self._programs = tuple(program for program in whole if program.name not in self.without)
        text = supervision.configuration(self._programs, self.run, is_root=os.geteuid() == 0)
        self.run.supervisor_configuration.write_text(text, "utf-8")

    def _start_supervisord(self) -> None:
        command = (sys.executable, "-m", "supervisor.supervisord", "-c", str(self.run.supervisor_configuration))
        with (self.run.log / "supervisord.output").open("wb") as output:
            # A session of its own: Ctrl-C in the terminal is for us, we then stop the rest in order.
            self._daemon = subprocess.Popen(
                tethered(command),
                cwd=self.run.path,
                env=marked_environment(os.environ, directory=str(self.run.path)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        chain_record.write(self.run, self.place)
        self._await_supervisord()

    def _await_supervisord(self) -> None:
        deadline = time.monotonic() + _SUPERVISOR_SECONDS
        while not self.supervisor.answers():
            self.check_alive()
            if time.monotonic() > deadline:
                raise Failed(f"supervisord does not answer; its log ends with:\n{self._last_words('supervisord')}")
            self.pause(_STEP_SECONDS)

    def _last_words(self, name: str) -> str:
        return tail(log_of(self.run, name))

    def check_alive(self) -> None:
        """Raise Failed when supervisord, which holds everything, is gone."""
        if self._daemon is not None and self._daemon.poll() is not None:
            log = log_of(self.run, "supervisord")
            raise Failed(f"supervisord has ended, and with it the chain; its log {log} ends with:\n{tail(log)}")

    def statuses(self) -> list[Status]:
        """Ask every process how it is. Raises Failed when supervisord is gone."""
        self.check_alive()
        states = self.supervisor.states()
        return [status_of(program, states[program.name]) for program in self._programs]

    def stop(self) -> None:
        """End everything in reverse order, and see that nothing is left. Does nothing where nothing was started."""
        if self._daemon is not None:
            with suppress(Failed):
                self._stop_in_waves()
            self._daemon.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._daemon.wait(ORDERLY_SECONDS)
            sweep(self.run, self.machine)
            self._daemon = None
            chain_record.forget(self.run)
        self._lock.release()

    def _stop_in_waves(self) -> None:
        for wave in reversed(waves(self._programs)):
            names = [program.name for program in wave]
            self.supervisor.stop(names)
            wait_until(partial(_have_ended, self.supervisor, names), seconds=STOP_SECONDS + 2)


def _have_ended(supervisor: Supervisor, names: Sequence[str]) -> bool:
    states = supervisor.states()
    return all(states[name].has_ended for name in names)
