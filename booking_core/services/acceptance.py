"""Waits for the salon's word on what it must accept first. A webhook is quicker; this comes to the same without."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from booking_core.bus import Bus
from booking_core.domain import rules
from booking_core.domain.errors import BookingDeclined
from booking_core.domain.events import AppointmentBooked, AppointmentBookingFailed, Effort
from booking_core.domain.letters import LetterKind, called_for
from booking_core.domain.models import Appointment, State, Tenant
from booking_core.domain.ports import Calcom, CalcomStatus, Clock, Database
from booking_core.services.outcomes import FIRST_WORD_SECONDS, Outcomes, Overtaken, call_off

LONGEST_PAUSE = timedelta(hours=1)
TOO_LATE = "the salon did not accept it in time"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One pending appointment at a time."""

    database: Database
    calcom: Calcom
    bus: Bus
    clock: Clock
    outcomes: Outcomes

    async def go_on(self, tenant: Tenant, pending: Appointment) -> float | None:
        """Look once. Return the seconds after which to come again, or None when the word has been spoken."""
        booking = await self.calcom.get(tenant, pending.calcom_uid or "")
        if booking is not None and booking.status is CalcomStatus.ACCEPTED:
            made = await self.outcomes.made(pending, booking)
            if made.is_mine and made.whole.state is State.CONFIRMED:
                self._publish_booked(made.whole)
            return None
        # Cal.com's reads lag: what it does not know yet, it may know later.
        if booking is not None and not booking.is_live:
            await self._declined(pending)
            return None
        if self.clock.now() >= rules.acceptance_ends(pending.start, asked_at=pending.asked_at):
            await self._expire(pending)
            return None
        return self._pause(pending)

    def _pause(self, pending: Appointment) -> float:
        """Look less and less often, but never miss the end."""
        now = self.clock.now()
        growing = min((now - pending.asked_at) / 4, LONGEST_PAUSE)
        left = rules.acceptance_ends(pending.start, asked_at=pending.asked_at) - now
        return max(min(growing, left).total_seconds(), FIRST_WORD_SECONDS)

    async def _declined(self, pending: Appointment) -> None:
        recorded = await self.outcomes.record(pending, State.RELEASED)
        if not recorded.is_mine:
            raise Overtaken
        self._publish_declined(recorded.whole)

    async def _expire(self, pending: Appointment) -> None:
        """Take it back, so that nobody accepts what the customer has been told is off."""
        async with self.database.begin(pending.tenant_id) as stores:
            recorded = await call_off(stores, pending, reason=TOO_LATE)
            if recorded.is_mine and called_for(pending, State.RELEASED) is not None:
                # To the customer it ends now; that it is taken back from Cal.com later is no news to them.
                await stores.letters.put_down(recorded.whole, LetterKind.NOT_POSSIBLE)
        if recorded.is_mine:
            self._publish_declined(recorded.whole)

    def _publish_booked(self, pending: Appointment) -> None:
        waited = (self.clock.now() - pending.asked_at).total_seconds()
        self.bus.publish(
            AppointmentBooked(pending.origin, pending.id, pending.tenant_id, Effort(), waited, chair=pending.chair)
        )

    def _publish_declined(self, pending: Appointment) -> None:
        reason, effort = BookingDeclined.reason, Effort()
        self.bus.publish(
            AppointmentBookingFailed(
                pending.origin, pending.tenant_id, "refused", reason, effort, pending.id, pending.chair
            )
        )
