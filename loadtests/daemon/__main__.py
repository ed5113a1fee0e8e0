"""`python -m loadtests.daemon`: the probe daemon's process."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import prometheus_client
import structlog
import uvicorn
from fastapi import FastAPI

from loadtests.daemon.children import ProbeProcesses
from loadtests.daemon.core import HttpCore
from loadtests.daemon.instruments import Instruments
from loadtests.daemon.journal import Journal
from loadtests.daemon.pages import pages
from loadtests.daemon.schedule import ProbeDaemon
from loadtests.daemon.scoreboard import Scoreboard
from loadtests.daemon.state import StateFile, StateUnusable
from loadtests.settings import LoadtestSettings
from loadtests.verdict import Limits
from sla import logs
from sla.environment import SettingsError
from sla.objectives import Promise, SlaError

DESCRIPTION = """\
Watch a booking core all the time: a light availability check every 5 s, a whole scripted booking once a minute, and
once an hour a burst of them that is large enough to bound P95. Serves GET /metrics for Prometheus, GET /verdict (JSON;
503 until the first verdict, some 15 s after the start) and GET /livez. SIGTERM or Ctrl-C ends it and all its probes.
"""


def main() -> int:
    argparse.ArgumentParser(
        "python -m loadtests.daemon",
        description=DESCRIPTION,
        epilog=LoadtestSettings.help_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    try:
        settings = LoadtestSettings.read(os.environ)
        return asyncio.run(_serve(settings, settings.promise(), _bind(settings)))
    except (SettingsError, SlaError, StateUnusable) as error:
        print(error, file=sys.stderr)
        return 2


def _bind(settings: LoadtestSettings) -> socket.socket:
    """Take the port before anything starts, so that a port in use costs nothing but a sentence."""
    try:
        return socket.create_server((settings.host, settings.port))
    except OSError as error:
        place, reason = f"{settings.host}:{settings.port}", str(error.strerror).partition(" (")[0]
        raise SettingsError(f"cannot listen on {place}: {reason}; free it or set LOADTEST_PORT") from error


async def _serve(settings: LoadtestSettings, promise: Promise, listener: socket.socket) -> int:
    logs.configure()
    log = structlog.get_logger()
    # The client would add a series with the start time of each counter, which nothing here reads.
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    directory = settings.state_directory
    last = StateFile.in_directory(directory, "verdict.json", complain=log.error)
    journal = Journal.load(StateFile.in_directory(directory, "journal.json", complain=log.error))
    instruments = Instruments(prometheus_client.CollectorRegistry())
    scoreboard = Scoreboard(
        instruments,
        Limits.of(promise, promise.objectives.journey_latency),
        window_seconds=promise.probe.verdict.window.seconds,
        clock=time.time,
    )
    core = HttpCore(settings.target, settings.credentials)
    daemon = ProbeDaemon(
        launch=ProbeProcesses(overheard=lambda line: log.warning("probe_stderr", line=line)),
        core=core,
        scoreboard=scoreboard,
        journal=journal,
        promise=promise,
        ready_timeout_seconds=settings.ready_timeout_seconds,
        on_verdict=lambda judged: last.write(judged.document()),
        log=log,
        chance=random.Random(),  # noqa: S311  spreads runs, keeps no secret
        clock=time.monotonic,
    )
    app = pages(scoreboard, instruments.registry, previous=last.read())
    log.info("listening", address="http://{}:{}".format(*listener.getsockname()), target=settings.target)
    try:
        await _until_signalled(daemon.run(), _Server.of(app).serve(sockets=[listener]))
    finally:
        await core.close()
    log.info("stopped")
    return 0


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again after its end, and we would not end with 0."""

    @classmethod
    def of(cls, app: FastAPI) -> _Server:
        return cls(uvicorn.Config(app, log_config=None, log_level="warning", access_log=False, lifespan="off"))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _until_signalled(*work: Coroutine[Any, Any, None]) -> None:
    """Run side by side until SIGTERM or SIGINT; whatever ends before that by an error ends all, with that error."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    running = [asyncio.create_task(coroutine) for coroutine in (stopped.wait(), *work)]
    done, pending = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


if __name__ == "__main__":
    sys.exit(main())
