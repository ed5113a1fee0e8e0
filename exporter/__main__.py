"""`python -m exporter`: serve the metrics of one core instance until SIGTERM."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading

import structlog

from exporter import app, listener
from exporter.exemplars import Listener
from exporter.settings import Settings
from sla import logs
from sla.environment import SettingsError


def main() -> int:
    """Return 0 after SIGTERM or SIGINT, 2 for settings or an address that cannot be used."""
    _parser().parse_args()
    try:
        settings = Settings.read(os.environ)
    except SettingsError as error:
        return _refuse(str(error))
    logs.configure(settings.log_level)
    shared = app.Shared()
    try:
        protection = listener.protection(
            token_file=settings.token_file, certificate=settings.tls_certificate, key=settings.tls_key
        )
        exposition = app.exposition(settings, shared)
        server = listener.server(exposition, host=settings.host, port=settings.port, protection=protection)
    except listener.Unusable as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; set EXPORTER_PORT")
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for serve_forever(), which this handler interrupts: it must run in another thread.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    structlog.get_logger().info("exporter_listening", host=settings.host, port=settings.port)
    # Only now: whoever has our port has the socket, too, and keeps it.
    with server, Listener(settings.metrics_directory, shared.exemplars), app.pusher(settings, shared):
        server.serve_forever(poll_interval=0.2)
    return 0


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="python -m exporter",
        description="Publish the booking core's metrics at /metrics, in Prometheus' text and OpenMetrics formats.",
        epilog=Settings.help_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _refuse(problem: str) -> int:
    print(problem, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
