"""supervisord, hired for one chain: its configuration file, and the few words we speak with it over its unix socket.

It restarts what dies and rotates the logs. The order of starting is ours (startup.py): it knows no readiness.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from configparser import ConfigParser
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from io import StringIO
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from stack.errors import Failed
from stack.processes import Program, log_of
from stack.run_directory import RunDirectory

LOG_BYTES = "5MB"
LOG_BACKUPS = "2"
STOP_SECONDS = 10
# supervisord's word for "already gone", which is what stopping wants.
_NOT_RUNNING = 70
_ENDED = ("STOPPED", "EXITED", "FATAL")


def configuration(programs: Sequence[Program], run: RunDirectory, *, is_root: bool) -> str:
    """Return the text of supervisord.conf; nothing starts by itself."""
    # `#` and `;` open comments in supervisord's dialect, `%` expansions: RawConfigParser's writer leaves all to us.
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_dict({"supervisord": _daemon(run, is_root=is_root), **_interfaces(run)})
    for position, program in enumerate(programs):
        parser[f"program:{program.name}"] = _section(program, run, priority=position)
    text = StringIO()
    parser.write(text)
    return text.getvalue()


def _daemon(run: RunDirectory, *, is_root: bool) -> dict[str, str]:
    section = {
        "nodaemon": "true",
        "logfile": _plain(run.log / "supervisord.log"),
        "logfile_maxbytes": LOG_BYTES,
        "logfile_backups": LOG_BACKUPS,
        "pidfile": _plain(run.supervisor_pid),
        "identifier": "slotwatch",
        "silent": "true",
    }
    # Said aloud, or it warns that it runs as root on purpose or by mistake, it cannot know.
    return section | ({"user": "root"} if is_root else {})


def _interfaces(run: RunDirectory) -> dict[str, dict[str, str]]:
    return {
        "unix_http_server": {"file": _plain(run.supervisor_socket), "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
        # For people: the runbooks stop and start a process with it.
        "supervisorctl": {"serverurl": f"unix://{_plain(run.supervisor_socket)}"},
    }


def _section(program: Program, run: RunDirectory, *, priority: int) -> dict[str, str]:
    return {
        "command": _plain(shlex.join(program.command)),
        "environment": _environment(program),
        "directory": _plain(run.path),
        "priority": str(priority),
        "autostart": "false",
        "autorestart": "false" if program.once else "true",
        # A step that ends at once has done its work; a server that does so is broken and is tried three times.
        "startsecs": "0" if program.once else "1",
        "startretries": "0" if program.once else "3",
        "stopsignal": program.stop_signal,
        "stopwaitsecs": str(STOP_SECONDS),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": _plain(log_of(run, program.name)),
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": LOG_BACKUPS,
    }


def _environment(program: Program) -> str:
    return ",".join(f'{name}="{_plain(value)}"' for name, value in program.environment.items())


def _plain(value: str | Path) -> str:
    return str(value).replace("%", "%%")


@dataclass(frozen=True, slots=True)
class ProgramState:
    """What supervisord knows about one process."""

    name: str
    state: str
    pid: int
    exit_status: int

    @property
    def has_ended(self) -> bool:
        return self.state in _ENDED

    @property
    def has_failed(self) -> bool:
        """True when supervisord has given up, or a step ended badly."""
        return self.state == "FATAL" or (self.state == "EXITED" and self.exit_status != 0)


class Supervisor:
    """The supervisord behind one unix socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, serverurl=f"unix://{self._socket}")
        try:
            with ServerProxy("http://127.0.0.1", transport=transport) as server:
                return getattr(server.supervisor, method)(*arguments)
        except (OSError, HTTPException) as error:
            raise Failed(f"supervisord does not answer on {self._socket}; is the chain still running?") from error

    def answers(self) -> bool:
        """True once it listens."""
        with suppress(Failed):
            return bool(self._call("getPID"))
        return False

    def start(self, name: str) -> None:
        """Start a process and return at once. Raises Failed when it could not even be tried."""
        try:
            self._call("startProcess", name, False)
        except Fault as fault:
            raise Failed(f"{name} could not be started: {fault.faultString}") from fault

    def stop(self, names: Iterable[str]) -> None:
        """Ask processes to end and return at once."""
        for name in names:
            try:
                self._call("stopProcess", name, False)
            except Fault as fault:
                if fault.faultCode != _NOT_RUNNING:
                    raise

    def states(self) -> dict[str, ProgramState]:
        """Return every process by name."""
        return {
            row["name"]: ProgramState(row["name"], row["statename"], row["pid"], row["exitstatus"])
            for row in self._call("getAllProcessInfo")
        }
