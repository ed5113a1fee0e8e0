"""`python -m exporter`: serve the metrics of one core instance until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading

import structlog
from pydantic import ValidationError

from exporter import app
from exporter.settings import PREFIX, Settings, UnknownSetting, refuse_unknown


def main() -> int:
    """Return 0 after SIGTERM or SIGINT, 2 for settings or an address that cannot be used."""
    _parser().parse_args()
    try:
        refuse_unknown(os.environ)
        settings = Settings()
    except UnknownSetting as error:
        return _refuse(str(error))
    except ValidationError as error:
        return _refuse(*(f"{PREFIX}{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()))
    _configure_logging(settings.log_level)
    try:
        server = app.server(app.registry(settings), host=settings.host, port=settings.port)
    except OSError as error:
        return _refuse(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; set {PREFIX}PORT")
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for serve_forever(), which this handler interrupts: it must run in another thread.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    structlog.get_logger().info("exporter_listening", host=settings.host, port=settings.port)
    with server:
        server.serve_forever(poll_interval=0.2)
    return 0


def _parser() -> argparse.ArgumentParser:
    knobs = "\n".join(
        f"  {PREFIX}{name.upper()} (default {field.default})\n      {field.description}"
        for name, field in Settings.model_fields.items()
    )
    return argparse.ArgumentParser(
        prog="python -m exporter",
        description="Publish the booking core's metrics at /metrics, in Prometheus' text and OpenMetrics formats.",
        epilog=f"settings are environment variables:\n{knobs}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _refuse(*problems: str) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    return 2


def _configure_logging(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
