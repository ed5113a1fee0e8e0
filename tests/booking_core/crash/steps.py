"""The steps that flows are made of: what callers and jobs do, and what becomes of the world meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from booking_core.app import Core
from booking_core.domain.errors import CalcomOutcomeUnknown, CalcomUnavailable
from booking_core.domain.models import BookingRequest
from tests.booking_core.conftest import Stage
from tests.booking_core.crash.scene import WISH, Step, rows, the_appointment
from tests.factories import SALON, an_id, an_offering, an_origin

Event = Callable[[Stage], Awaitable[object] | None]


def after(*events: Event) -> Callable[[Stage], Awaitable[None]]:
    """Return what happens, one after the other, before the doomed process begins."""

    async def happen(stage: Stage) -> None:
        for event in events:
            under_way = event(stage)
            if under_way is not None:
                await under_way
                await stage.core.bus.drain()

    return happen


def doing(step: Step) -> Event:
    """Let a process that nobody kills do it."""
    return lambda stage: step(stage, stage.core)


async def ask_for(wish: BookingRequest, _stage: Stage, core: Core) -> None:
    await core.orchestrator.book(SALON, wish, an_origin())


book: Step = partial(ask_for, WISH)


async def cancel(stage: Stage, core: Core) -> None:
    # By the id that the caller was told first, whatever became of it.
    await core.cancellation.cancel(SALON, rows(stage)[0].id, reason="changed my mind")


async def settle(stage: Stage, core: Core) -> None:
    await core.settlement.settle(SALON.id, the_appointment(stage).id, tries=0)


def unreachable(stage: Stage) -> None:
    stage.calcom.error = CalcomUnavailable()


def silent(stage: Stage) -> None:
    stage.calcom.error = CalcomOutcomeUnknown()


def answers_are_lost(stage: Stage) -> None:
    stage.calcom.error, stage.calcom.books_unseen = CalcomOutcomeUnknown(), True


def healed(stage: Stage) -> None:
    stage.calcom.error, stage.calcom.books_unseen = None, False


def later(away: timedelta) -> Event:
    return lambda stage: stage.clock.advance(away.total_seconds())


def taken(start: datetime) -> Event:
    """Let somebody who books past us have half an hour."""

    def occupy(stage: Stage) -> None:
        end = start + timedelta(minutes=30)
        stage.calcom.occupy(an_offering("anna"), start, end, stranger=an_id("stranger"))

    return occupy
