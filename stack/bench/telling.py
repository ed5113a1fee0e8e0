"""`python -m stack.bench.telling`: cores that tell more and less, in one process; each request says which is to answer.

Of two processes that run the same code, one costs up to 5 % more for as long as it lives, by where in memory its things
lie. Within one, what they share lies alike for all.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.lifespan.on import LifespanOn

from booking_core import __main__ as core
from booking_core import app as composition
from booking_core.settings import Settings
from booking_core.telemetry.traced import SWITCH
from booking_core.telemetry.tracing import Tracing
from loadtests.benchmarks.overhead import Variant
from stack.bench.silent import Silent

# The header by which a request says which core is to answer, by its name; asked for this path, it sends its traces.
WHICH, SEND = "X-Telling", "/-/send"
_WHICH = WHICH.lower().encode()
_QUIET = (Variant.NOTHING, Variant.METRICS)
_LEVELS = ("debug", "info", "warning")


@dataclass(frozen=True, slots=True)
class Telling:
    """A core, as production makes it."""

    app: ASGIApp
    tracing: Tracing | None
    has_log: bool


def make(variant: Variant, collector: str) -> Telling:
    """Make the core that tells so much; its traces go to the collector."""
    os.environ.pop(SWITCH, None)
    if variant in (Variant.SOME_TRACES, Variant.EVERYTHING):
        os.environ[SWITCH] = collector
    settings = Settings.read(os.environ)
    changed: dict[str, object] = {"metrics_directory": settings.metrics_directory / variant.name.lower()}
    if variant is Variant.EVERYTHING:
        changed["trace_ratio"] = 1.0
    settings = settings.model_copy(update=changed)
    world = composition.real_world(settings, role="http", recorder=Silent() if variant is Variant.NOTHING else None)
    composition.observe(settings, world)
    return Telling(core.application(world, settings), world.tracing, has_log=variant not in _QUIET)


class Stage:
    """On which one of them stands at a time."""

    def __init__(self, cores: Mapping[Variant, Telling]) -> None:
        self._cores = {variant.name.encode(): core for variant, core in cores.items()}
        self._on = cores[Variant.NOTHING]
        # Every module asks for its logger once: what changes is what that does.
        logger, unsaid = structlog.get_config()["wrapper_class"], structlog.make_filtering_bound_logger(logging.ERROR)
        for level in _LEVELS:
            setattr(logger, level, self._either(getattr(logger, level), getattr(unsaid, level)))

    def _either(self, said: Callable[..., Any], unsaid: Callable[..., Any]) -> Callable[..., Any]:
        def log(*line: Any, **fields: Any) -> Any:
            return (said if self._on.has_log else unsaid)(*line, **fields)

        return log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._on = next(self._cores[value] for name, value in scope["headers"] if name == _WHICH)
        if scope["path"] != SEND:
            await self._on.app(scope, receive, send)
            return
        if self._on.tracing:
            self._on.tracing.flush()
        await PlainTextResponse("sent")(scope, receive, send)


async def serve(port: int, collector: str) -> None:
    """Serve them until SIGTERM, otherwise as `booking_core serve` does."""
    cores = {variant: make(variant, collector) for variant in Variant}
    lives = [LifespanOn(uvicorn.Config(each.app, lifespan="on", log_config=None)) for each in cores.values()]
    for life in lives:
        await life.startup()
    config = uvicorn.Config(
        Stage(cores), port=port, lifespan="off", access_log=False, log_config=None, server_header=False
    )
    await uvicorn.Server(config).serve()
    for life in lives:
        await life.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description="Cores that tell more and less, in one process, for benchmarks.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--traces-to", required=True, metavar="URL", help="An OTLP/HTTP receiver.")
    asked = parser.parse_args()
    uvloop.run(serve(asked.port, asked.traces_to))


if __name__ == "__main__":
    main()
