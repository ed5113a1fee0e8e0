"""What goes wrong during a chaos drill, and when: decided by the seed before the first call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any


class Strike(StrEnum):
    """Where a mishap happens."""

    CALCOM = "calcom"
    KILL = "kill"
    FLUSH = "flush"
    CUT = "cut"
    RESTART = "restart"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True)
class Mishap:
    """One mishap; `order` is what the simulator is told, empty for the others."""

    at_seconds: float
    strike: Strike
    order: Mapping[str, Any]


# One of each, in random order, round after round; all end by themselves.
_ORDERS: Sequence[Mapping[str, Any]] = (
    {"fault": "error_share", "seconds": 4, "share": 0.4},
    {"fault": "hang_after_commit", "seconds": 2.5, "operation": "create", "share": 0.3},
    {"fault": "error_after_commit", "seconds": 4, "operation": "create", "share": 0.4},
    {"fault": "hang_after_commit", "seconds": 4, "operation": "reschedule", "share": 0.5},
    {"fault": "error_after_commit", "seconds": 6, "operation": "reschedule", "share": 0.5},
    {"fault": "error_after_commit", "seconds": 6, "operation": "cancel", "share": 0.5},
    {"fault": "latency", "seconds": 5, "delay_seconds": 1.5, "share": 0.5},
    {"fault": "truncated_json", "seconds": 4, "share": 0.3},
    {"fault": "rate_limit", "seconds": 3, "share": 0.4},
    {"fault": "outage", "seconds": 4},
    {"fault": "webhook_never", "seconds": 8, "share": 0.5},
    {"fault": "webhook_twice", "seconds": 8, "share": 0.5},
    {"fault": "webhook_late", "seconds": 8, "share": 0.5, "delay_seconds": 3},
    {"fault": "webhook_out_of_order", "seconds": 8, "share": 0.5},
)
_EVERY_SECONDS = 5.0
# Of what the owner of the processes does: how often.
_STRIKES: Mapping[Strike, float] = {
    Strike.KILL: 12.0,
    Strike.FLUSH: 9.0,
    Strike.CUT: 10.0,
    Strike.RESTART: 70.0,
    Strike.FREEZE: 90.0,
}


def mishaps(chance: Random, *, seconds: float) -> Sequence[Mishap]:
    """Return all mishaps in order; they overlap as they happen to."""
    made: list[Mishap] = []
    rounds: list[Mapping[str, Any]] = []
    for at in _times(chance, _EVERY_SECONDS, seconds):
        rounds = rounds or chance.sample(_ORDERS, len(_ORDERS))
        made.append(Mishap(at, Strike.CALCOM, rounds.pop()))
    for strike, every in _STRIKES.items():
        made += [Mishap(at, strike, {}) for at in _times(chance, every, seconds)]
    return sorted(made, key=lambda mishap: mishap.at_seconds)


def _times(chance: Random, every: float, seconds: float) -> list[float]:
    return [number * every + chance.uniform(0, every) for number in range(int(seconds / every))]
