"""`python -m alerts.oncall`: the on-call receiver's process. Reads its settings, wires its parts, serves until told."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from datetime import UTC, datetime
from types import FrameType

import structlog
import uvicorn

from alerts import meta, recording
from alerts.alert import Severity, runbook_url
from alerts.oncall import app, deadman
from alerts.oncall.deadman import DeadMan
from alerts.oncall.instruments import Instruments
from alerts.oncall.journal import Journal
from alerts.oncall.receiver import Receiver
from alerts.oncall.settings import Settings
from sla import logs, objectives
from sla.environment import SettingsError
from sla.objectives import Promise, SlaError


def main(arguments: list[str] | None = None) -> int:
    """Return 0 after SIGTERM or SIGINT, 2 for settings, a promise or an address that cannot be used."""
    _parser().parse_args(arguments)
    try:
        chosen, promise = Settings.read(os.environ), objectives.load()
    except (SettingsError, SlaError) as error:
        return _refuse(str(error))
    try:
        listening = socket.create_server((chosen.host, chosen.port))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return _refuse(f"cannot listen on {chosen.host}:{chosen.port}: {reason}; set ONCALL_HOST and ONCALL_PORT")
    logs.configure()
    _serve(receiver(chosen, promise), listening)
    return 0


def receiver(chosen: Settings, promise: Promise) -> Receiver:
    """Wire the receiver; the only place that knows the real clock."""
    paging = [alert.name for alert in recording.alerts(promise) if alert.severity is Severity.CRITICAL]
    wired = Receiver(
        journal=Journal(chosen.state_directory),
        deadman=DeadMan(promise, runbook_url=runbook_url(meta.WATCHDOG, promise), now=_now()),
        instruments=Instruments(expected=[(name, Severity.CRITICAL) for name in (*paging, deadman.NAME)]),
        clock=_now,
    )
    wired.remember()
    return wired


def _serve(wired: Receiver, listening: socket.socket) -> None:
    host, port = listening.getsockname()[:2]
    structlog.get_logger().info("listening", host=host, port=port)
    # uvicorn raises the signal that stopped it once more, when it has finished: to be stopped on request is success.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    server = uvicorn.Server(uvicorn.Config(app.build(wired), log_config=None, access_log=False))
    server.run(sockets=[listening])


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _now() -> datetime:
    return datetime.now(UTC)


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="python -m alerts.oncall",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Receive Alertmanager's pages, time them, keep the evidence; page when the Watchdog is silent.",
        epilog=f"{Settings.help_text()}\n\nexample:\n  python -m alerts.oncall & curl 127.0.0.1:9466/pages",
    )


def _refuse(problem: str) -> int:
    print(problem, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
