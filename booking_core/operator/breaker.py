"""`python -m booking_core breaker`: the circuit to Cal.com, seen and moved by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

import typer
from prometheus_client import CollectorRegistry

from booking_core.adapters.clock import SystemClock
from booking_core.adapters.redis import RedisLine
from booking_core.adapters.redis_breaker import RedisBreakerStore
from booking_core.operator import terminal
from booking_core.resilience.breaker_store import BreakerState, Circuit, Order, Standing, StoreUnavailable
from booking_core.resilience.circuit_breaker import CALCOM, BreakerTransition, CircuitBreaker
from booking_core.settings import Settings
from booking_core.telemetry import slots
from booking_core.telemetry.recorder import Recorder

NOT_CLOSED = 1
# Nobody is on the phone here, so Redis may take its time.
PATIENCE_SECONDS = 3.0

T = TypeVar("T")

cli = typer.Typer(
    help="See or move the circuit to Cal.com, which all workers share. Exit code 3: Redis did not answer.",
    no_args_is_help=True,
)

_MEANING = {
    (BreakerState.CLOSED, False): "Calls to Cal.com go through.",
    (BreakerState.CLOSED, True): "Held closed by an operator: calls go through however many fail, until `reset`.",
    (BreakerState.OPEN, False): "Nobody calls Cal.com; bookings are taken down and confirmed later.",
    (BreakerState.OPEN, True): "Held open by an operator: nobody calls Cal.com, and bookings wait, until `reset`.",
    (BreakerState.HALF_OPEN, False): "The next call is a trial: it closes the circuit or opens it again.",
}
_DONE = {
    Order.OPEN: "The circuit is held open: bookings are taken down and wait. End it with `breaker reset`.",
    Order.CLOSE: "The circuit is held closed: every call goes to Cal.com. End it with `breaker reset`.",
    Order.RESET: "The circuit is closed, its failures are forgotten, and it decides for itself again.",
}


@cli.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how the circuit stands. Exit code 0: closed, 1: open or half-open."""
    standing = _with_breaker(terminal.settings(), CircuitBreaker.standing)
    print(json.dumps(asdict(standing)) if as_json else described(CALCOM, standing, now=SystemClock().now()))
    if standing.state is not BreakerState.CLOSED:
        raise typer.Exit(NOT_CLOSED)


@cli.command("open")
def hold_open() -> None:
    """Let nobody call Cal.com until `reset`; bookings are taken down and wait."""
    _order(Order.OPEN)


@cli.command("close")
def hold_closed() -> None:
    """Let every call through until `reset`, however many fail."""
    _order(Order.CLOSE)


@cli.command()
def reset() -> None:
    """Close the circuit, forget its failures, and let it decide for itself again."""
    _order(Order.RESET)


def described(circuit: Circuit, standing: Standing, *, now: datetime) -> str:
    """Write a standing as lines for a terminal."""
    state = standing.state.value.replace("_", "-")
    facts = {
        "meaning": _MEANING[standing.state, standing.is_forced],
        "failures": f"{standing.failures} in the last {circuit.window_seconds:.0f} s; it opens at {circuit.failures}",
        "opened": _ago(standing.opened_seconds_ago, now),
        "outage since": _ago(standing.left_closed_seconds_ago, now),
        "next trial": _next_trial(standing),
        "forced": "yes, by an operator" if standing.is_forced else "no",
    }
    return "\n".join((f"{circuit.dependency}: {state}", *(f"  {name:<14}{fact}" for name, fact in facts.items())))


def _ago(seconds: float | None, now: datetime) -> str:
    return "-" if seconds is None else f"{now - timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S} UTC, {seconds:.0f} s ago"


def _next_trial(standing: Standing) -> str:
    if standing.state is BreakerState.CLOSED:
        return "-"
    if standing.is_forced:
        return "none until `reset`"
    return f"in {standing.retry_after_seconds:.0f} s" if standing.retry_after_seconds else "the next call"


def _order(order: Order) -> None:
    settings = terminal.settings()
    moved: list[BreakerTransition] = []
    _with_breaker(settings, lambda breaker: breaker.force(order), published=moved.append)
    print(_DONE[order])
    for transition in moved:
        _count(settings, transition)


def _count(settings: Settings, transition: BreakerTransition) -> None:
    """Count what the order moved where the workers count theirs; the order itself holds either way."""
    try:
        slots.take(settings.metrics_directory, "operator")
    except OSError as error:
        typer.echo(f"Not counted in the metrics: {error}. Run it where the core runs, as its user.", err=True)
        return
    Recorder(CollectorRegistry()).breaker_moved(transition)


def _with_breaker(
    settings: Settings,
    act: Callable[[CircuitBreaker], Awaitable[T]],
    *,
    published: Callable[[BreakerTransition], None] = lambda _: None,
) -> T:
    async def run() -> T:
        async with _breaker(settings, published) as breaker:
            return await act(breaker)

    try:
        return asyncio.run(run())
    except StoreUnavailable as error:
        typer.echo(f"{error}. Until it does, each worker judges alone; then look with `breaker status`.", err=True)
        raise typer.Exit(terminal.UNREACHABLE) from error


@asynccontextmanager
async def _breaker(settings: Settings, published: Callable[[BreakerTransition], None]) -> AsyncIterator[CircuitBreaker]:
    line = RedisLine(settings.redis_url.get_secret_value(), silence_seconds=PATIENCE_SECONDS)
    store = RedisBreakerStore(line, timeout_seconds=PATIENCE_SECONDS)
    try:
        yield CircuitBreaker(CALCOM, store, clock=SystemClock(), published=published)
    finally:
        await line.close()
