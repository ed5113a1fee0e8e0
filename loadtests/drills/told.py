"""What callers were told: of their booking, and of the changes that they asked for afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from loadtests.drills.wishes import Wish

PROMISED = frozenset({"confirmed", "queued", "pending"})
DENIED = frozenset({"refused", "failed"})
CALLED_OFF = frozenset({"cancelled", "noted"})
SILENT = "silent"
# A core that cannot reach its database cannot know, and does not say, what became of the same wish before.
KNOWS_NOTHING = "database_unavailable"


@dataclass(frozen=True, slots=True)
class Told:
    """What one caller was told in the end; `silent` if there never was an answer."""

    wish: Wish
    status: str
    ended_at: datetime
    appointment_id: str | None = None
    reason: str | None = None
    times: int = 1  # how often the caller had to say it until there was an answer


@dataclass(frozen=True, slots=True)
class Changed:
    """What a caller was told who asked for another time, or, without a `start`, to cancel.

    `step` counts what one customer asked for, one after the other; who says it twice at once is in one step.
    """

    appointment_id: str
    start: str | None
    status: str
    ended_at: datetime
    reason: str | None = None
    times: int = 1
    step: int = 0

    @property
    def is_move(self) -> bool:
        return self.start is not None

    @property
    def label(self) -> str:
        """Return the answer in a word, with the reason of a denial: many are true for quite different reasons."""
        return f"{self.status} ({self.reason})" if self.status in DENIED and self.reason else self.status
