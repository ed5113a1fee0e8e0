"""Tells the customer. Only ever from committed facts, and never on behalf of a probe."""

from __future__ import annotations

from uuid import UUID

from booking_core.domain import rules
from booking_core.domain.models import Confirmation
from booking_core.domain.ports import Database, Letter, Mailer


class BookingNotificationService:
    """Writes to customers who left an address."""

    def __init__(self, database: Database, mailer: Mailer, *, sender: str) -> None:
        self._database = database
        self._mailer = mailer
        self._sender = sender

    async def confirm(self, tenant_id: UUID, appointment_id: UUID) -> bool:
        """Send the confirmation; return False when the customer left no address."""
        return await self._send(tenant_id, appointment_id, "confirmed", "your appointment is confirmed")

    async def regret(self, tenant_id: UUID, appointment_id: UUID) -> bool:
        """Tell a customer who was promised a confirmation that there will be none; False as in `confirm`."""
        return await self._send(
            tenant_id,
            appointment_id,
            "not-possible",
            "we are sorry: we could not make this appointment; please call us for another",
        )

    async def called_off(self, tenant_id: UUID, appointment_id: UUID) -> bool:
        """Tell the customer that the appointment is off, as they wished or have heard; False as in `confirm`."""
        return await self._send(tenant_id, appointment_id, "called-off", "this appointment is cancelled")

    async def still_stands(self, tenant_id: UUID, appointment_id: UUID) -> bool:
        """Tell the customer that the appointment could not be cancelled; False as in `confirm`."""
        news = "this appointment could not be cancelled and still stands; please call us about it"
        return await self._send(tenant_id, appointment_id, "not-cancelled", news)

    async def moved(self, tenant_id: UUID, appointment_id: UUID) -> bool:
        """Tell a customer when and with whom their appointment is now; False as in `confirm`."""
        return await self._send(tenant_id, appointment_id, "moved", "we have moved your appointment; it is now")

    async def _send(self, tenant_id: UUID, appointment_id: UUID, kind: str, news: str) -> bool:
        async with self._database.begin(tenant_id) as stores:
            facts = await stores.appointments.confirmation(appointment_id)
        if facts.customer_email is None:
            return False
        await self._mailer.send(self._letter(facts, facts.customer_email, kind, news))
        return True

    def _letter(self, facts: Confirmation, to: str, kind: str, news: str) -> Letter:
        when = rules.spoken(facts.start, facts.time_zone)
        return Letter(
            to=to,
            sender=self._sender,
            subject=f"Your appointment at {facts.tenant_name}",
            text=(
                f"Dear {facts.customer_name},\n\n"
                f"{news}:\n"
                f"{facts.service_name} with {facts.staff_name}, {when}.\n\n"
                f"{facts.tenant_name}\n"
            ),
            # The same for every attempt, so that a repeated letter is recognised as one.
            message_id=f"<{facts.appointment_id}.{kind}@{self._sender.rpartition('@')[2]}>",
        )
