"""Letters: put down, and sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from booking_core.domain.letters import DueLetter, Letter, LetterKind, LetterResult
from booking_core.domain.models import Appointment


class Letters(Protocol):
    """Letters that were put down to be sent, and how they ended."""

    async def put_down(self, appointment: Appointment, kind: LetterKind) -> None:
        """Remember that this letter is to be sent: each kind once, of the endings only the first, a move each time."""
        ...

    async def untried(self, appointment_id: UUID) -> Sequence[DueLetter]: ...

    async def due(self, now: datetime, *, at_most: int) -> Sequence[DueLetter]:
        """Return the letters whose next try has come, the longest overdue first."""
        ...

    async def claim(self, letter: DueLetter, *, again_at: datetime) -> bool:
        """Count a try, unless somebody else has made one since the letter was read; it is due again at `again_at`."""
        ...

    async def close(self, letter: DueLetter, result: LetterResult) -> None: ...


class Mailer(Protocol):
    """Sends letters."""

    async def send(self, letter: Letter) -> None:
        """Hand it to the mail server; raises LetterRefused, or MailUnavailable if it may be taken later."""
        ...
