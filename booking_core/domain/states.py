"""Which states may follow which: the whole life of an appointment in one table.

Apart from the models because every writer (call, job, webhook, reconciliation) goes by it; none has its own rules.
"""

from __future__ import annotations

from collections.abc import Mapping

from booking_core.domain.models import State

_STANDS = frozenset({State.CONFIRMED, State.PENDING})
_CALLED_OFF = frozenset({State.CANCELLING, State.CANCELLED})
_LET_GO = frozenset({State.MOVED})

LAWFUL: Mapping[State, frozenset[State]] = {
    # Being asked for: every answer is possible, and so is none.
    State.CREATING: _STANDS | _CALLED_OFF | {State.QUEUED, State.UNKNOWN, State.RELEASED, State.FAILED},
    # Certainly not at Cal.com: asked for, given up, or called off without asking anybody.
    State.QUEUED: _STANDS | {State.CREATING, State.FAILED, State.CANCELLED},
    # Perhaps at Cal.com: found, or believed absent and asked for again.
    State.UNKNOWN: _STANDS | _CALLED_OFF | {State.CREATING, State.FAILED},
    # The salon accepts or declines it.
    State.PENDING: _CALLED_OFF | _LET_GO | {State.CONFIRMED, State.RELEASED},
    # Unknown again when reconciliation does not find it at Cal.com any more.
    State.CONFIRMED: _CALLED_OFF | _LET_GO | {State.UNKNOWN},
    # Cancelled there, too; or Cal.com refuses to cancel it and it stands as before; or a move was quicker.
    State.CANCELLING: _STANDS | _LET_GO | {State.CANCELLED},
    # The ends. Their chairs may be somebody else's by now, so nothing comes back from them.
    State.RELEASED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
    State.MOVED: frozenset(),
}


def allows(before: State, after: State) -> bool:
    """Tell whether an appointment may go from one state to the other."""
    return after in LAWFUL[before]


def hears(before: State, news: State) -> bool:
    """Tell whether news from Cal.com that the booking stands there changes an appointment in this state.

    What is being called off is not called back by it.
    """
    return before is not State.CANCELLING and allows(before, news)


def check(before: State, after: State) -> None:
    """Raise ValueError for a step that no appointment takes: a mistake in the code, not a condition to handle."""
    if not allows(before, after):
        raise ValueError(f"an appointment never goes from {before} to {after}; see booking_core/domain/states.py")
