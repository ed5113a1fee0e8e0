"""Tells whoever runs the system that Cal.com and we could not be brought to agree. Ids only: no customer is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from booking_core.domain.letters import Letter
from booking_core.domain.ports import Clock, Mailer

SILENCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SyncTrouble:
    """What is wrong with one booking, `kind` being the sort of trouble and `action` what was done about it."""

    tenant_id: UUID
    kind: str
    action: str
    subject: str


class AdminNotification:
    """At most one letter an hour about the same kind of trouble of one salon; the log has every single one."""

    def __init__(self, mailer: Mailer, clock: Clock, *, sender: str, admin: str | None) -> None:
        self._mailer = mailer
        self._clock = clock
        self._sender = sender
        self._admin = admin
        self._told_at: dict[tuple[UUID, str], datetime] = {}

    async def sync_failed(self, trouble: SyncTrouble) -> bool:
        """Write, unless nobody is to be written to or has been just now; return whether a letter was sent."""
        about, now = (trouble.tenant_id, trouble.kind), self._clock.now()
        told_at = self._told_at.get(about)
        if self._admin is None or (told_at is not None and now - told_at < SILENCE):
            return False
        # Before it is sent: what happens meanwhile is the same trouble.
        self._told_at[about] = now
        try:
            await self._mailer.send(self._letter(trouble, self._admin, now))
        except BaseException:
            del self._told_at[about]
            raise
        return True

    def _letter(self, trouble: SyncTrouble, admin: str, now: datetime) -> Letter:
        domain = self._sender.rpartition("@")[2]
        return Letter(
            to=admin,
            sender=self._sender,
            sender_name="slotwatch",
            date=now,
            subject=f"slotwatch: {trouble.kind} ({trouble.action})",
            text=(
                f"Cal.com and slotwatch do not agree about a booking of the salon {trouble.tenant_id}.\n\n"
                f"what:    {trouble.kind}\n"
                f"booking: {trouble.subject}\n"
                f"done:    {trouble.action}\n"
                f"seen:    {now:%Y-%m-%d %H:%M:%S} UTC\n\n"
                "All that hangs, why, and what settles it: python -m booking_core hanging\n"
                "What differs now: python -m booking_core reconcile --dry-run\n"
                f"More of this kind within the next hour is in the log only (sync_failed).\n"
            ),
            # Two job workers that see the same within an hour write the same letter.
            message_id=f"<sync.{trouble.tenant_id}.{trouble.kind}.{now:%Y%m%d%H}@{domain}>",
        )
