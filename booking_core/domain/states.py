"""Which states may follow which: the whole life of an appointment in one table.

Apart from the models because every writer (call, job, webhook, reconciliation) goes by it; none has its own rules.
"""

from __future__ import annotations

from collections.abc import Mapping

from booking_core.domain.models import State

LAWFUL: Mapping[State, frozenset[State]] = {
    # Being asked for: every answer is possible, and so is none.
    State.CREATING: frozenset(
        {State.CONFIRMED, State.QUEUED, State.UNKNOWN, State.RELEASED, State.FAILED, State.CANCELLED}
    ),
    # Certainly not at Cal.com: it is asked for, given up or called off.
    State.QUEUED: frozenset({State.CREATING, State.CONFIRMED, State.FAILED, State.CANCELLED}),
    # Perhaps at Cal.com: found, or believed absent and asked for again.
    State.UNKNOWN: frozenset({State.CONFIRMED, State.CREATING, State.FAILED, State.CANCELLED}),
    # Unknown again when reconciliation does not find it at Cal.com any more.
    State.CONFIRMED: frozenset({State.CANCELLED, State.UNKNOWN}),
    # The ends. Their chairs may be somebody else's by now, so nothing comes back from them.
    State.RELEASED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}


def allows(before: State, after: State) -> bool:
    """Tell whether an appointment may go from one state to the other."""
    return after in LAWFUL[before]


def check(before: State, after: State) -> None:
    """Raise ValueError for a step that no appointment takes: a mistake in the code, not a condition to handle."""
    if not allows(before, after):
        raise ValueError(f"an appointment never goes from {before} to {after}; see booking_core/domain/states.py")
