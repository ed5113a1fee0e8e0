"""`python -m loadtests.calcom_simulator`: read the settings, open the port, serve until a signal.

Apart from the wiring because only here the environment, the terminal and signals exist.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import structlog
import uvicorn

from loadtests.calcom_simulator.app import Simulator, build
from loadtests.calcom_simulator.clock import SystemClock
from loadtests.calcom_simulator.fault_orders import NATURES
from loadtests.calcom_simulator.settings import PREFIX, SimulatorSettings
from sla import logs
from sla.environment import SettingsError

DESCRIPTION = "A Cal.com v2 in memory, with faults on demand: the real contract under /v2, the faults under /control."
EXAMPLE = """examples (port 8090):
  curl 'localhost:8090/v2/slots?eventTypeId=1001&start=2026-12-01&end=2026-12-01' -H 'cal-api-version: 2024-09-04'
  curl localhost:8090/control/faults -d '{"fault": "outage", "seconds": 120}'
  curl localhost:8090/control/faults -d '{"fault": "error_share", "seconds": 60, "share": 0.5, "operation": "create"}'
  curl localhost:8090/control/book -d '{"event_type": 1001, "start": "2026-12-01T09:00:00Z"}'
  curl localhost:8090/control/mutate -d '{"event_type": 1001, "needs_confirmation": true}'
  curl -X PUT localhost:8090/control/limits -d '{"account": "salon", "limits": [{"calls": 120}]}'
  curl -X DELETE localhost:8090/control/faults
what there is: GET /v2/event-types shows a key's own; the demo salon's other kinds (confirmation, seats, series, ...)
  stand on a page of their own: GET /v2/event-types?username=studio
to look at: GET /control/bookings, /control/calls, /control/deliveries; POST /control/reset starts afresh
"""
# After this long a request that a signal did not free is cut off.
SHUTDOWN_SECONDS = 5


class SimulatorServer(uvicorn.Server):
    """Uvicorn that lets go hung requests on a signal and then ends with code 0, not with the signal's."""

    def __init__(self, config: uvicorn.Config, simulator: Simulator) -> None:
        super().__init__(config)
        self._simulator = simulator

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._simulator.board.close()
        await super().shutdown(sockets)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 0 then, 2 when the settings or the port are of no use."""
    try:
        settings = _settings(arguments)
        listener = _listen(settings)
    except (SettingsError, OSError) as error:
        print(f"calcom_simulator: {error}", file=sys.stderr)
        return 2
    logs.configure(settings.log_level)
    simulator = build(settings, clock=SystemClock(), client=httpx.AsyncClient(follow_redirects=False))
    config = uvicorn.Config(
        simulator.app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        server_header=False,
        # Every answer under /v2 carries the date that Cal.com believes in, which a fault can set wrong.
        date_header=False,
    )
    host, port = listener.getsockname()[:2]
    structlog.get_logger().info("listening", host=host, port=port)
    SimulatorServer(config, simulator).run(sockets=[listener])
    structlog.get_logger().info("stopped")
    return 0


def _settings(arguments: Sequence[str] | None) -> SimulatorSettings:
    given = _parser().parse_args(arguments)
    flags = {name: flag for name, flag in vars(given).items() if flag is not None}
    return SimulatorSettings.read(os.environ, **flags)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.calcom_simulator",
        description=DESCRIPTION,
        epilog=SimulatorSettings.help_text()
        + "\n\nfaults (each takes seconds; * is needed):\n"
        + _faults()
        + "\n\n"
        + EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", help=f"instead of {PREFIX}HOST")
    parser.add_argument("--port", type=int, help=f"instead of {PREFIX}PORT")
    return parser


def _faults() -> str:
    """Return a line for each fault with the keys it takes; those it needs come first, and are marked."""
    lines = []
    for kind, nature in NATURES.items():
        keys = [f"{key}*" for key in sorted(nature.needs)] + sorted(nature.takes - nature.needs)
        lines.append(f"  {kind:26} {', '.join(keys)}")
    return "\n".join(lines)


def _listen(settings: SimulatorSettings) -> socket.socket:
    try:
        return socket.create_server((settings.host, settings.port), backlog=2048)
    except OSError as error:
        remedy = f"free it or set {PREFIX}HOST and {PREFIX}PORT"
        raise OSError(f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); {remedy}") from error


if __name__ == "__main__":
    sys.exit(main())
