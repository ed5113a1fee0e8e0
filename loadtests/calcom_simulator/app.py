"""The wiring: one function makes a simulator of settings and a clock.

Apart so that tests build the same one with a clock of their own and without a socket.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette

from loadtests.calcom_simulator import api, memory, salons
from loadtests.calcom_simulator.account_api import AccountApi
from loadtests.calcom_simulator.accounts import BRANCHES, SALON, SECOND_SALON, Accounts, branch_key
from loadtests.calcom_simulator.amendments import Amendments
from loadtests.calcom_simulator.backdoor import Backdoor
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.bookings_api import BookingsApi
from loadtests.calcom_simulator.cancellation import Cancellation
from loadtests.calcom_simulator.clock import Clock, ShiftedClock
from loadtests.calcom_simulator.control import Control
from loadtests.calcom_simulator.faults import FaultBoard
from loadtests.calcom_simulator.gate import Calls, Gate
from loadtests.calcom_simulator.post import Post
from loadtests.calcom_simulator.reception import Reception
from loadtests.calcom_simulator.rescheduling import Rescheduling
from loadtests.calcom_simulator.reservations import ReservationDesk, Reservations
from loadtests.calcom_simulator.seating import Seating
from loadtests.calcom_simulator.settings import SimulatorSettings
from loadtests.calcom_simulator.slot_finder import SlotFinder
from loadtests.calcom_simulator.slots_api import SlotsApi
from loadtests.calcom_simulator.throttle import Throttle
from loadtests.calcom_simulator.webhooks import ABOUT_BOOKINGS, Subscription, Subscriptions


@dataclass(frozen=True, slots=True)
class Simulator:
    """The ASGI application, and the board that lets go hung requests when the process ends."""

    app: Starlette
    board: FaultBoard


def build(settings: SimulatorSettings, *, clock: Clock, client: httpx.AsyncClient) -> Simulator:
    """Wire a simulator. The client carries the webhooks and is closed with the application."""
    board = FaultBoard(clock=clock, seed=settings.seed)
    throttle, calls = Throttle(limit=settings.rate_limit, clock=clock), Calls()
    accounts, event_types = _accounts(settings), salons.catalogue()
    # Ids start at the time, so that a restarted simulator gives out none of its former life.
    bookings = Bookings(seed=settings.seed, first_id=int(clock.now().timestamp()), clock=clock)
    if settings.memory is not None:
        bookings.remember(memory.read(settings.memory))
    reservations = Reservations()
    # From here on time is what Cal.com believes it to be.
    clock = ShiftedClock(clock, board.clock_offset)
    subscriptions = Subscriptions(*_standing(settings))
    post = Post(subscriptions, client, clock)
    seating = Seating(bookings, clock)
    reception = Reception(event_types, bookings, reservations, seating, post, clock)
    cancellation = Cancellation(bookings, post, clock)
    rescheduling = Rescheduling(bookings, reception, seating, post, clock)
    amendments = Amendments(bookings, post, clock)
    gate = Gate(accounts, board, throttle, calls, clock)
    desk = ReservationDesk(event_types, bookings, reservations)
    handlers = (
        *SlotsApi(accounts, event_types, SlotFinder(bookings, reservations), desk, clock).handlers(),
        *BookingsApi(
            accounts, bookings, reception, cancellation, rescheduling, amendments, event_types, clock
        ).handlers(),
        *AccountApi(accounts, event_types, subscriptions).handlers(),
    )
    backdoor = Backdoor(event_types, bookings, reservations, reception, cancellation, subscriptions, board)
    control = Control(board, bookings, calls, throttle, post, backdoor)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield
            post.clear()
            if settings.memory is not None:
                memory.write(settings.memory, bookings)

    return Simulator(Starlette(routes=[*control.routes(), *api.routes(gate, handlers)], lifespan=lifespan), board)


def _accounts(settings: SimulatorSettings) -> Accounts:
    keys = (settings.api_key, settings.second_api_key)
    salons = {key.get_secret_value(): who for key, who in zip(keys, (SALON, SECOND_SALON), strict=True)}
    return Accounts({branch_key(branch): branch for branch in BRANCHES} | salons)


def _standing(settings: SimulatorSettings) -> list[Subscription]:
    """Return the demo salon's webhook, if the settings name one; further ones are made by the API."""
    if settings.webhook_url is None:
        return []
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else None
    return [Subscription(1, SALON.id, str(settings.webhook_url), ABOUT_BOOKINGS, secret)]
