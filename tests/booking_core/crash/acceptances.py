"""Flows of event types that the salon must confirm: Cal.com has the booking, and nobody knows yet if it stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from booking_core.domain.ports import CalcomStatus
from tests.booking_core.conftest import Stage
from tests.booking_core.crash.moves import is_moved, move
from tests.booking_core.crash.scene import Flow, is_off, stands
from tests.booking_core.crash.steps import after, answers_are_lost, book, cancel, doing, healed, later, settle


def needs_confirmation(stage: Stage) -> None:
    stage.calcom.status = CalcomStatus.PENDING


def accepts(stage: Stage) -> None:
    _decide(stage, CalcomStatus.ACCEPTED)


def declines(stage: Stage) -> None:
    _decide(stage, CalcomStatus.REJECTED)


def _decide(stage: Stage, word: CalcomStatus) -> None:
    for each in stage.calcom.live:
        if each.booking.status is CalcomStatus.PENDING:
            stage.calcom.decide(each.booking.uid, word)


booked = doing(book)
pending = (needs_confirmation, booked)
pending_unseen = (needs_confirmation, answers_are_lost, booked, healed)
# The appointment stands, and a move of it must be confirmed anew.
move_pending = (booked, needs_confirmation, doing(move))

ACCEPTANCES: Mapping[str, Flow] = {
    "a booking that the salon accepts": Flow(book, after(needs_confirmation), stands, accepts),
    "a booking that the salon declines": Flow(book, after(needs_confirmation), salon=declines),
    "a request whose answer is lost": Flow(book, after(needs_confirmation, answers_are_lost), stands, accepts),
    "a job for a request that was made unseen": Flow(settle, after(*pending_unseen), salon=accepts),
    "a job for what the salon accepted": Flow(settle, after(*pending, accepts), salon=accepts),
    "a job for what the salon declined": Flow(settle, after(*pending, declines), salon=declines),
    "a job for what the salon left lying": Flow(settle, after(*pending, later(timedelta(hours=24, minutes=30)))),
    "a cancellation of a request": Flow(cancel, after(*pending), is_off, accepts),
    "a cancellation of what the salon has just accepted": Flow(cancel, after(*pending, accepts), is_off, accepts),
    "a job for a cancelled request that was made unseen": Flow(settle, after(*pending_unseen, doing(cancel))),
    "a move that the salon accepts": Flow(move, after(booked, needs_confirmation), is_moved, accepts, again=move),
    "a move that the salon declines": Flow(move, after(booked, needs_confirmation), salon=declines),
    "a job for a move that the salon accepted": Flow(settle, after(*move_pending, accepts), salon=accepts, again=move),
    "a cancellation of a move that the salon must accept": Flow(
        cancel, after(*move_pending), is_off, accepts, again=cancel
    ),
}
