"""The wiring: one function makes a simulator of settings and a clock.

Apart so that tests build the same one with a clock of their own and without a socket.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette

from loadtests.calcom_simulator import event_types
from loadtests.calcom_simulator.api import CalcomApi
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.control import Control
from loadtests.calcom_simulator.faults import FaultBoard
from loadtests.calcom_simulator.gate import Calls, Gate
from loadtests.calcom_simulator.settings import SimulatorSettings
from loadtests.calcom_simulator.throttle import Throttle
from loadtests.calcom_simulator.webhooks import Nobody, Subscribers, Subscription


@dataclass(frozen=True, slots=True)
class Simulator:
    """The ASGI application, and the board that lets go hung requests when the process ends."""

    app: Starlette
    board: FaultBoard


def build(settings: SimulatorSettings, *, clock: Clock, client: httpx.AsyncClient) -> Simulator:
    """Wire a simulator. The client carries the webhooks and is closed with the application."""
    # Ids start at the time, so that a restarted simulator gives out none of its former life.
    bookings = Bookings(seed=settings.seed, first_id=int(clock.now().timestamp()))
    board = FaultBoard(clock=clock, seed=settings.seed)
    throttle = Throttle(limit=settings.rate_limit, clock=clock)
    calls = Calls()
    gate = Gate(board=board, throttle=throttle, calls=calls, clock=clock)
    api = CalcomApi(
        api_key=settings.api_key.get_secret_value(),
        event_types=event_types.salon(),
        bookings=bookings,
        subscribers=_subscribers(settings, client, clock),
        clock=clock,
    )
    control = Control(board=board, bookings=bookings, calls=calls, throttle=throttle)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    return Simulator(Starlette(routes=[*control.routes(), *api.routes(gate)], lifespan=lifespan), board)


def _subscribers(settings: SimulatorSettings, client: httpx.AsyncClient, clock: Clock) -> Subscribers:
    if settings.webhook_url is None:
        return Nobody()
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else None
    return Subscription(str(settings.webhook_url), secret, client, clock)
