"""Acts upon what Cal.com tells: facts are added to what is known, and the appointment follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from booking_core.domain.calcom_news import CalcomFact, Consequence, KnownBooking, consequence
from booking_core.domain.discrepancies import Window
from booking_core.domain.errors import BookingDeclined, SlotTaken
from booking_core.domain.events import (
    AppointmentBooked,
    AppointmentBookingFailed,
    AppointmentCancelled,
    AppointmentMoved,
    Effort,
    Event,
)
from booking_core.domain.models import Appointment, State
from booking_core.domain.ports import Clock, Stores
from booking_core.domain.visits import as_one
from booking_core.domain.webhooks import Delivery, Result
from booking_core.services.inbox import NotYet, Outcome
from booking_core.services.outcomes import record, segments_of, tell_moved

# Whoever is being booked for is on the line; what is known here can wait until they have their answer.
IN_FLIGHT_SECONDS = 5.0

Reader = Callable[[bytes, UUID], Sequence[CalcomFact]]


@dataclass(frozen=True, slots=True)
class CalcomNews:
    """One delivery at a time, within the transaction that marks it as processed. Cal.com itself is not asked: what it
    signs is newer than what it shows."""

    read: Reader
    clock: Clock

    async def act(self, stores: Stores, delivery: Delivery) -> Outcome:
        tenant_id = delivery.tenant_id
        facts = self.read(delivery.body or b"", tenant_id)
        if not facts:
            return Outcome(Result.IGNORED)
        owner = await _owner(stores, tenant_id, facts)
        for fact in facts:
            await stores.calcom_bookings.learn(tenant_id, replace(fact, appointment_id=owner))
        if owner is None:
            return Outcome(Result.IMPORTED)
        known = await stores.calcom_bookings.made_for(tenant_id, owner)
        appointment = await _current(stores, tenant_id, owner)
        # None: it carries our mark, and we do not have it. The reconciliation looks into that. And while we move it
        # ourselves, whoever moves it asks Cal.com for the outcome.
        then = consequence(appointment, known) if appointment and not appointment.is_move else None
        if appointment is None or then is None:
            return Outcome(Result.UNCHANGED)
        return await self._follow(stores, appointment, then)

    async def _follow(self, stores: Stores, seen: Appointment, then: Consequence) -> Outcome:
        if seen.state is State.CREATING and then.state is State.CANCELLED:
            raise NotYet(IN_FLIGHT_SECONDS)
        before = now = as_one(await segments_of(stores, seen))
        if then.state is not seen.state:
            recorded = await record(stores, seen, then.state, calcom_uid=then.booking.uid)
            if not recorded.is_mine:
                raise NotYet(0.0)  # somebody has written since; look again
            seen, now = recorded.appointment, recorded.whole
        if then.is_moved:
            await _move(stores, seen, then.booking)
            # Who hears of the appointment for the first time hears where it is now.
            if before.state is State.CONFIRMED:
                await tell_moved(stores, seen)
        return Outcome(Result.APPLIED, tuple(self._news(before, now)))

    def _news(self, before: Appointment, now: Appointment) -> Iterator[Event]:
        about = (now.origin, now.id, now.tenant_id)
        match before.state, now.state:
            case State.CONFIRMED, State.CONFIRMED:
                yield AppointmentMoved(*about, before.chair)
            case same, still if same is still:
                return  # a part of a visit has changed, and the whole stands as it did
            case _, State.CONFIRMED:
                waited = (self.clock.now() - now.waits_since).total_seconds()
                yield AppointmentBooked(*about, Effort(), waited, chair=now.chair)
            case State.CONFIRMED | State.CANCELLING, State.CANCELLED:
                yield AppointmentCancelled(*about, before.chair)
            case _, State.CANCELLED | State.RELEASED:
                # Promised, and then not made: whoever was told that we will confirm has to hear of it.
                reason, effort = BookingDeclined.reason, Effort()
                yield AppointmentBookingFailed(
                    now.origin, now.tenant_id, "refused", reason, effort, now.id, before.chair
                )


async def _move(stores: Stores, seen: Appointment, booking: KnownBooking) -> None:
    """Raise SlotTaken while that chair is held here for somebody else: Cal.com will not let them have it."""
    if booking.start is None or booking.end is None:
        return
    # The salon may give it to a colleague; one who is not known to offer this service here takes nothing over.
    offerings = await stores.services.offerings(seen.tenant_id, str(seen.offering.service_id))
    same = [each for each in offerings if (each.staff_id, each.segment) == (booking.staff_id, seen.offering.segment)]
    offering = same[0] if same else seen.offering
    period = Window(booking.start, booking.end)
    if not await stores.appointments.move(seen, offering, period, calcom_uid=booking.uid):
        raise SlotTaken


async def _current(stores: Stores, tenant_id: UUID, owner: UUID) -> Appointment | None:
    """Return the appointment at its newest time: Cal.com knows all times of a visit by the id of the first."""
    visit = await stores.appointments.of_lineage(tenant_id, owner)
    if visit and visit[-1].is_move and visit[-1].state is State.CREATING:
        raise NotYet(IN_FLIGHT_SECONDS)
    return visit[-1] if visit else await stores.appointments.find(tenant_id, owner)


async def _owner(stores: Stores, tenant_id: UUID, facts: Sequence[CalcomFact]) -> UUID | None:
    named = next((each.appointment_id for each in facts if each.appointment_id), None)
    return named or await stores.calcom_bookings.owner(tenant_id, [each.uid for each in facts])
