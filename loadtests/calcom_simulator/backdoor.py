"""What people do at Cal.com itself, without us: book a walk-in, cancel, change what is offered.

Apart from the control API because it is Cal.com's own work, webhooks included, only without a request under /v2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from loadtests.calcom_simulator import wire
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.callers import NEWEST_BOOKINGS, Caller
from loadtests.calcom_simulator.cancellation import Cancellation, Wish
from loadtests.calcom_simulator.control_orders import Mutation, WalkIn, Withdrawal
from loadtests.calcom_simulator.errors import NotFound
from loadtests.calcom_simulator.event_types import EventType, EventTypes
from loadtests.calcom_simulator.fault_orders import WEBHOOK_FAULTS, Operation
from loadtests.calcom_simulator.faults import FaultBoard
from loadtests.calcom_simulator.reception import Reception
from loadtests.calcom_simulator.reservations import Reservations
from loadtests.calcom_simulator.rows import Attendee, Booking, Order
from loadtests.calcom_simulator.webhooks import Subscriptions


@dataclass(frozen=True, slots=True)
class Backdoor:
    """A person with Cal.com open in a browser. Of the faults only those of webhooks reach them."""

    event_types: EventTypes
    bookings: Bookings
    reservations: Reservations
    reception: Reception
    cancellation: Cancellation
    subscriptions: Subscriptions
    board: FaultBoard

    async def book(self, walk_in: WalkIn) -> Sequence[Booking]:
        kind = self._event_type(walk_in.event_type)
        zone = kind.hosts[0].zone.key if kind.hosts else kind.owner.time_zone
        attendee = Attendee(walk_in.name, walk_in.email, zone)
        order = Order(wire.instant(walk_in.start), attendee, event_type_id=kind.id, minutes=walk_in.minutes)
        booked = await self.reception.book(order, self._person(kind, Operation.CREATE))
        return booked.rows

    async def cancel(self, withdrawal: Withdrawal) -> Sequence[Booking]:
        series = self.bookings.series(withdrawal.uid)
        kind = (series[0] if series else self.bookings.get(withdrawal.uid)).event_type
        wish = Wish(withdrawal.reason)
        return (await self.cancellation.cancel(withdrawal.uid, wish, self._person(kind, Operation.CANCEL))).rows

    def mutate(self, mutation: Mutation) -> EventType:
        """Change the event type; its bookings refer to it and follow, but keep their times."""
        kind = replace(self._event_type(mutation.event_type), **mutation.changes())
        if kind.is_deleted:
            self.event_types.remove(kind.id)
        else:
            self.event_types.put(kind)
        self.bookings.rewrite(lambda row: replace(row, event_type=kind) if row.event_type.id == kind.id else row)
        if mutation.hosts_deleted:
            hosts = {host.id for host in kind.hosts}
            self.bookings.rewrite(lambda row: _without_host(row) if row.host.id in hosts else row)
        return kind

    def restore(self) -> None:
        """Bring back what was seeded, and nothing else."""
        self.bookings.clear()
        self.reservations.clear()
        self.event_types.restore()
        self.subscriptions.restore()

    def _event_type(self, event_type_id: int) -> EventType:
        kind = self.event_types.find(event_type_id)
        if kind is None:
            known = ", ".join(str(each.id) for each in self.event_types)
            raise NotFound(f"there is no event type {event_type_id}; there are {known}")
        return kind

    def _person(self, kind: EventType, operation: Operation) -> Caller:
        luck = self.board.draw(operation, kind.owner.username).only(WEBHOOK_FAULTS)
        return Caller(kind.owner, NEWEST_BOOKINGS, luck)


def _without_host(row: Booking) -> Booking:
    return replace(row, host=replace(row.host, is_known=False))
