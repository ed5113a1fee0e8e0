"""The flows of the saga: a first booking and its cancellation here, all others in their own modules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tests.booking_core.crash.acceptances import ACCEPTANCES
from tests.booking_core.crash.moves import MOVES
from tests.booking_core.crash.scene import Flow, is_off, stands
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
from tests.booking_core.crash.visits import VISITS
from tests.factories import TEN_O_CLOCK

booked = doing(book)
made_unseen = (answers_are_lost, booked, healed)
queued = (unreachable, booked, healed)
# Looked for so long that it is believed not to be there.
not_made = (silent, booked, healed, doing(settle), later(timedelta(seconds=30)), doing(settle))
somebody_else_comes_at_ten = taken(TEN_O_CLOCK)

BOOKINGS: Mapping[str, Flow] = {
    "a booking": Flow(book, is_done=stands),
    "a booking whose answer is lost": Flow(book, after(answers_are_lost), stands),
    "a booking while cal.com is away": Flow(book, after(unreachable), stands),
    "a booking of a chair that is taken": Flow(book, after(somebody_else_comes_at_ten), stands),
    "a job for what is queued": Flow(settle, after(*queued)),
    "a job for what was made unseen": Flow(settle, after(*made_unseen)),
    "a job for what is unknown and was not made": Flow(settle, after(*not_made, later(timedelta(seconds=30)))),
    "a job for what somebody else got": Flow(settle, after(*queued, somebody_else_comes_at_ten)),
    "a job for what waited too long": Flow(settle, after(*queued, later(timedelta(days=1)))),
}
CANCELLATIONS: Mapping[str, Flow] = {
    "a cancellation": Flow(cancel, after(booked), is_off),
    "a cancellation whose answer is lost": Flow(cancel, after(booked, answers_are_lost), is_off),
    "a cancellation of what is queued": Flow(cancel, after(*queued), is_off),
    "a cancellation of what may have been made": Flow(cancel, after(*made_unseen), is_off),
    "a job for a cancellation": Flow(settle, after(booked, unreachable, doing(cancel), healed)),
    "a job for a cancellation of what may have been made": Flow(settle, after(*made_unseen, doing(cancel))),
}
FLOWS: Mapping[str, Flow] = {**BOOKINGS, **CANCELLATIONS, **MOVES, **ACCEPTANCES, **VISITS}
