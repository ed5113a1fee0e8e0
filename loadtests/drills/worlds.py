"""What is stored in both worlds at the end of a drill, and who was written to.

Apart from the comparison because whoever reads PostgreSQL, Cal.com and the mail writes these down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

UNSETTLED = frozenset({"creating", "queued", "unknown", "cancelling"})
OCCUPYING = UNSETTLED | {"confirmed", "pending"}
# What had failed or was released anyway is as gone as what was cancelled.
OVER = frozenset({"cancelled", "failed", "released", "moved"})
_LIVE = frozenset({"accepted", "pending"})


@dataclass(frozen=True, slots=True)
class Row:
    """One time of a visit in PostgreSQL; `wished` is the start as a caller says it.

    `lineage` is what all times of one visit have in common, `replaces` the time that this one was moved from.
    """

    id: str
    lineage: str
    replaces: str | None
    state: str
    calcom_uid: str | None
    phone: str
    email: str | None
    staff: str
    wished: str
    start: datetime
    end: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """One live booking at Cal.com that carries one of our ids: that of the lineage, however often it was moved."""

    uid: str
    booking: str
    start: datetime
    moved_from: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to a customer; `kind` as it stands in its Message-ID."""

    appointment_id: str
    kind: str
    at: datetime


def held(bookings: Sequence[Mapping[str, Any]]) -> list[Held]:
    """Return what lives at Cal.com through us, without the probe's."""
    return [
        Held(
            each["uid"],
            each["metadata"]["bc_booking"],
            datetime.fromisoformat(each["start"]),
            each.get("rescheduledFromUid"),
        )
        for each in bookings
        if each["status"] in _LIVE
        and "bc_booking" in each.get("metadata", {})
        and each["metadata"].get("bc_traffic") != "synthetic"
    ]
