"""What is left of somebody who asked to be forgotten: times without a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Stands where a name was; the number becomes one that nobody can ring.
NOBODY = "erased"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased here. `calcom_uids` are the bookings in which Cal.com goes on naming the person."""

    customers: int
    appointments: int
    replies: int
    deliveries: int
    calcom_uids: Sequence[str] = ()


class StillBetweenTheWorlds(Exception):
    """Something of theirs is not settled yet, and settling it needs to know who they are."""

    def __init__(self, bookings: int, deliveries: int) -> None:
        super().__init__(
            f"{bookings} of their bookings and {deliveries} webhooks about them are not settled yet; nothing was "
            "erased. `python -m booking_core hanging` shows what they wait for; try again when it lists none of theirs."
        )
