"""Flows in which an appointment moves: both times are held, and one of them stands in the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from booking_core.app import Core
from booking_core.domain.models import State
from tests.booking_core.conftest import Stage
from tests.booking_core.crash.scene import Flow, is_off, rows
from tests.booking_core.crash.steps import (
    after,
    answers_are_lost,
    book,
    cancel,
    doing,
    healed,
    later,
    settle,
    silent,
    taken,
    unreachable,
)
from tests.factories import SALON, TEN_O_CLOCK, an_origin

ELEVEN, ELEVEN_LOCAL = TEN_O_CLOCK + timedelta(hours=1), "2026-12-02T11:00"
NOON_LOCAL = "2026-12-02T12:00"


async def move(stage: Stage, core: Core) -> None:
    await core.rescheduling.move(SALON, rows(stage)[0].id, ELEVEN_LOCAL, an_origin())


async def move_on(stage: Stage, core: Core) -> None:
    await core.rescheduling.move(SALON, rows(stage)[0].id, NOON_LOCAL, an_origin())


def is_moved(stage: Stage) -> bool:
    return [each.start for each in rows(stage) if each.state is State.CONFIRMED] == [ELEVEN]


def is_at_noon(stage: Stage) -> bool:
    return [each.start for each in rows(stage) if each.state is State.CONFIRMED] == [ELEVEN + timedelta(hours=1)]


booked, moved = doing(book), doing(move)
move_queued = (booked, unreachable, moved, healed)
moved_unseen = (booked, answers_are_lost, moved, healed)
move_not_made = (booked, silent, moved, healed, doing(settle), later(timedelta(seconds=30)), doing(settle))
somebody_else_comes_at_eleven = taken(ELEVEN)

MOVES: Mapping[str, Flow] = {
    "a move": Flow(move, after(booked), is_moved, again=move),
    "a move whose answer is lost": Flow(move, after(booked, answers_are_lost), is_moved, again=move),
    "a move while cal.com is away": Flow(move, after(booked, unreachable), is_moved, again=move),
    "a move to a time that is taken": Flow(move, after(booked, somebody_else_comes_at_eleven), is_moved, again=move),
    "a move of what was moved before": Flow(move_on, after(booked, moved), is_at_noon, again=move_on),
    "a job for a move that is queued": Flow(settle, after(*move_queued), again=move),
    "a job for what was moved unseen": Flow(settle, after(*moved_unseen), again=move),
    "a job for a move that was not made": Flow(settle, after(*move_not_made, later(timedelta(seconds=30))), again=move),
    "a job for a move to what somebody else got": Flow(
        settle, after(*move_queued, somebody_else_comes_at_eleven), again=move
    ),
    "a job for a move that waited too long": Flow(settle, after(*move_queued, later(timedelta(days=1))), again=move),
    "a cancellation of what was moved": Flow(cancel, after(booked, moved), is_off, again=cancel),
    "a cancellation of what waits to be moved": Flow(cancel, after(*move_queued), is_off, again=cancel),
    "a cancellation of what may have been moved": Flow(cancel, after(*moved_unseen), is_off, again=cancel),
    "a cancellation, unheard, of what may have been moved": Flow(
        cancel, after(*moved_unseen, answers_are_lost), is_off, again=cancel
    ),
    "a job for a cancellation of what may have been moved": Flow(
        settle, after(*moved_unseen, unreachable, doing(cancel), healed)
    ),
}
