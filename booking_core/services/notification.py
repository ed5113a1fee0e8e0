"""Tells the customer. Only ever from committed facts, and never on behalf of a probe."""

from __future__ import annotations

from uuid import UUID

from booking_core.domain import rules
from booking_core.domain.models import Confirmation
from booking_core.domain.ports import Database, Letter, Mailer


class BookingNotificationService:
    """Writes the confirmation letter to customers who left an address."""

    def __init__(self, database: Database, mailer: Mailer, *, sender: str) -> None:
        self._database = database
        self._mailer = mailer
        self._sender = sender

    async def confirm(self, appointment_id: UUID) -> bool:
        """Send the confirmation; return False when the customer left no address."""
        async with self._database.begin() as stores:
            confirmation = await stores.appointments.confirmation(appointment_id)
        if confirmation.customer_email is None:
            return False
        await self._mailer.send(self._letter(confirmation, confirmation.customer_email))
        return True

    def _letter(self, confirmation: Confirmation, to: str) -> Letter:
        when = rules.spoken(confirmation.start, confirmation.time_zone)
        return Letter(
            to=to,
            sender=self._sender,
            subject=f"Your appointment at {confirmation.tenant_name}",
            text=(
                f"Dear {confirmation.customer_name},\n\n"
                "your appointment is confirmed:\n"
                f"{confirmation.service_name} with {confirmation.staff_name}, {when}.\n\n"
                f"{confirmation.tenant_name}\n"
            ),
            # The same for every attempt, so that a repeated letter is recognised as one.
            message_id=f"<{confirmation.appointment_id}@{self._sender.rpartition('@')[2]}>",
        )
