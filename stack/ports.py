"""Which port each process of this chain gets, and who is in the way.

Apart from sla/topology.py, which holds the defaults: here they meet the command line, the environment and the machine.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import get_close_matches

from sla.topology import DEFAULT_PORTS, Place, Process
from stack.errors import Refused
from stack.machine import Machine, Seen

# The processes the native start runs; Grafana joins them in docker-compose.yml only.
STARTED = tuple(process for process in Process if process is not Process.GRAFANA)
VARIABLE_PREFIX = "SLOTWATCH_PORT_"
Attempt = Callable[[str, int], OSError | None]


@dataclass(frozen=True, slots=True)
class Taken:
    """A port that a process of ours cannot have."""

    process: Process
    port: int
    obstacle: str

    def __str__(self) -> str:
        return f"{self.process} cannot have port {self.port}: {self.obstacle}"


def place(options: Iterable[str], environ: Mapping[str, str], *, free: bool = False) -> Place:
    """Return the addresses of this chain: free ports or the defaults, then the environment, then the options.

    Raises Refused for an unknown process, a number that is no port, or one port for two processes.
    """
    ports = dict(free_ports()) if free else {}
    ports |= _from_environment(environ)
    ports |= dict(_parse(option) for option in options)
    chosen = Place("native", ports=ports)
    _refuse_shared(chosen)
    return chosen


def _from_environment(environ: Mapping[str, str]) -> dict[Process, int]:
    variables = (name for name in environ if name.startswith(VARIABLE_PREFIX))
    return {
        _process(name.removeprefix(VARIABLE_PREFIX).lower(), written=name): _port(environ[name], written=name)
        for name in variables
    }


def _parse(option: str) -> tuple[Process, int]:
    name, separator, number = option.partition("=")
    if not separator:
        raise Refused(f"--port {option}: write it as process=number, such as --port core=18000")
    return _process(name.strip(), written=f"--port {option}"), _port(number, written=f"--port {option}")


def _process(name: str, *, written: str) -> Process:
    known = [process.value for process in STARTED]
    if name in known:
        return Process(name)
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the processes are {', '.join(known)}"
    raise Refused(f"{written}: no process is called {name!r}; {hint}")


def _port(text: str, *, written: str) -> int:
    if text.strip().isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise Refused(f"{written}: {text!r} is not a port; choose a number from 1 to 65535")


def _refuse_shared(chosen: Place) -> None:
    owners: dict[int, Process] = {}
    for process in STARTED:
        port = chosen.port(process)
        if port in owners:
            raise Refused(f"{owners[port]} and {process} both got port {port}; give one of them another with --port")
        owners[port] = process


def free_ports() -> Iterator[tuple[Process, int]]:
    """Yield a port for each process that nobody listens on right now, all different."""
    with ExitStack() as sockets:
        for process in STARTED:
            listener = sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            listener.bind(("127.0.0.1", 0))
            yield process, listener.getsockname()[1]


def bind_error(host: str, port: int) -> OSError | None:
    """Return why no server could listen there now; connections still closing do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError as error:
            return error
    return None


def taken(chosen: Place, *, machine: Machine | None = None, attempt: Attempt = bind_error) -> list[Taken]:
    """Return every port of the chain that we cannot have, with the holder where /proc tells."""
    machine = machine or Machine()
    found = []
    for process in STARTED:
        port = chosen.port(process)
        if error := attempt(chosen.host(process), port):
            found.append(Taken(process, port, _obstacle(error, machine.listener(port))))
    return found


def _obstacle(error: OSError, holder: Seen | None) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{holder or 'another process'} holds it"
    return str(error.strerror)


def refuse_taken(found: list[Taken]) -> None:
    """Raise Refused if any port is taken, naming all of them and the remedy."""
    if found:
        first = found[0]
        sentences = "; ".join(str(one) for one in found)
        raise Refused(
            f"{sentences}. End what is in the way, or move ours: --port {first.process}={_suggestion(first.port)} "
            f"(or {VARIABLE_PREFIX}{first.process.upper()}={_suggestion(first.port)}), or use --free-ports"
        )


def _suggestion(port: int) -> int:
    return port + 10_000 if port + 10_000 <= 65535 else port - 10_000


def is_default(chosen: Place) -> bool:
    """True if every process listens where the committed configuration files say."""
    return all(chosen.port(process) == DEFAULT_PORTS[process] for process in STARTED)
