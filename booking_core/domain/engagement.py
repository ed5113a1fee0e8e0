"""How attached a customer is to the salon, as a number from counted facts: the same facts give the same number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp2
from uuid import UUID

HIGHEST = 100
# A regular: more visits than these tell nothing new.
REGULAR_VISITS = 10
# So long without a visit halves what the visits before were worth.
HALVES_AFTER = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Engagement:
    """What is counted of a customer's appointments; `newest` is the start of the latest that was confirmed."""

    customer_id: UUID
    visits: int
    cancellations: int
    newest: datetime | None


def score(known: Engagement, *, now: datetime) -> int:
    """Return 0 to 100: how often they come, times how seldom they cancel, halved by each half year without a visit."""
    if known.newest is None:
        return 0
    often = min(known.visits, REGULAR_VISITS) / REGULAR_VISITS
    kept = known.visits / (known.visits + known.cancellations)
    lately = exp2(-max((now - known.newest) / HALVES_AFTER, 0.0))
    return round(HIGHEST * often * kept * lately)
