"""Flows of visits in several parts: all of them stand in the end, or none does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from tests.booking_core.crash.acceptances import accepts, needs_confirmation
from tests.booking_core.crash.scene import Flow, Step, is_off, stands
from tests.booking_core.crash.steps import (
    after,
    answers_are_lost,
    ask_for,
    cancel,
    doing,
    healed,
    later,
    settle,
    silent,
    taken,
    unreachable,
)
from tests.factories import TEN_O_CLOCK, a_request, a_wish

COLOUR = a_request(service="colour", wish=a_wish(email="erika@example.org"), staff="anna")
book: Step = partial(ask_for, COLOUR)

booked = doing(book)
queued = (unreachable, booked, healed)
made_unseen = (answers_are_lost, booked, healed)
not_made = (silent, booked, healed, doing(settle), later(timedelta(seconds=30)), doing(settle))
# The first part is then free, and the second is not.
somebody_else_comes_in_the_second_part = taken(TEN_O_CLOCK + timedelta(minutes=75))


_FLOWS: Mapping[str, Flow] = {
    "a visit in two parts": Flow(book, is_done=stands),
    "a visit whose answers are lost": Flow(book, after(answers_are_lost), stands),
    "a visit while cal.com is away": Flow(book, after(unreachable), stands),
    "a visit whose second part is taken": Flow(book, after(somebody_else_comes_in_the_second_part), stands),
    "a visit that the salon accepts": Flow(book, after(needs_confirmation), stands, accepts),
    "a job for a visit that is queued": Flow(settle, after(*queued)),
    "a job for a visit of which a part was made unseen": Flow(settle, after(*made_unseen)),
    "a job for a visit of which nothing was made": Flow(settle, after(*not_made, later(timedelta(seconds=30)))),
    "a job for a visit whose second part somebody else got": Flow(
        settle, after(*made_unseen, somebody_else_comes_in_the_second_part)
    ),
    "a job for a visit that waited too long": Flow(settle, after(*queued, later(timedelta(days=1)))),
    "a cancellation of a visit": Flow(cancel, after(booked), is_off),
    "a cancellation of a visit whose answer is lost": Flow(cancel, after(booked, answers_are_lost), is_off),
    "a cancellation of a visit that is queued": Flow(cancel, after(*queued), is_off),
    "a cancellation of a visit of which a part may have been made": Flow(cancel, after(*made_unseen), is_off),
    "a job for a cancelled visit": Flow(settle, after(booked, unreachable, doing(cancel), healed)),
}
VISITS = {name: replace(flow, wish=COLOUR) for name, flow in _FLOWS.items()}
