from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from booking_core.domain import states
from booking_core.domain.assignment import Workload
from booking_core.domain.discrepancies import Window
from booking_core.domain.models import OCCUPYING, UNSETTLED, Appointment, Former, Offering, State, Traffic
from booking_core.domain.ports import Outdated
from booking_core.domain.visits import Stretch
from tests.fakes.calcom_bookings import FakeCalcomBookings
from tests.fakes.clock import FakeClock
from tests.fakes.rows import Stored


def appointment_conflicts(new: Appointment) -> Callable[[Appointment], bool]:
    """Return what the constraints of the database say to a new appointment beside another."""

    def conflicts(other: Appointment) -> bool:
        if other.tenant_id != new.tenant_id or other.state not in OCCUPYING or new.state not in OCCUPYING:
            return False
        overlaps = other.start < new.end and new.start < other.end
        shares_chair = other.offering.staff_id == new.offering.staff_id and other.lineage != new.lineage
        takes_the_same_place = new.former is not None and other.former is not None and other.former.id == new.former.id
        return other.key == new.key or takes_the_same_place or (overlaps and shares_chair)

    return conflicts


class FakeAppointments:
    def __init__(self, rows: Stored, clock: FakeClock) -> None:
        self._rows = rows
        self._clock = clock

    async def hold(self, *visit: Appointment) -> Sequence[Appointment] | None:
        customer = self._rows.customers.get((visit[0].tenant_id, visit[0].customer.phone))
        if customer is None or customer.id != visit[0].customer.id or not self._is_offered(visit):
            raise Outdated
        stored = self._rows.appointments
        if any(appointment_conflicts(new)(other) for new in visit for other in stored.values()):
            return None
        held = [replace(each, customer=customer) for each in visit]
        stored.update({each.id: each for each in held})
        return held

    def _is_offered(self, visit: Sequence[Appointment]) -> bool:
        wanted = visit[0].offering
        owner, _ = self._rows.services.get(wanted.service_id, (None, None))
        offered = [
            (each.segment, each.minutes, each.calcom_event_type_id)
            for each in self._rows.offerings
            if (each.service_id, each.staff_id) == (wanted.service_id, wanted.staff_id)
        ]
        said = [(each.offering.segment, each.offering.minutes, each.offering.calcom_event_type_id) for each in visit]
        return owner == visit[0].tenant_id and sorted(offered) == sorted(said)

    async def visit(self, tenant_id: UUID, visit_id: UUID) -> Sequence[Appointment]:
        known = self._rows.appointments.values()
        segments = [each for each in known if (each.tenant_id, each.visit_id) == (tenant_id, visit_id)]
        return sorted(segments, key=lambda each: each.start)

    async def settle(
        self, seen: Appointment, state: State, *, calcom_uid: str | None = None, reason: str | None = None
    ) -> Appointment | None:
        states.check(seen.state, state)
        stored = self._rows.appointments.get(seen.id)
        if stored is None or stored.version != seen.version:
            return None
        changed = replace(
            stored,
            state=state,
            calcom_uid=calcom_uid or stored.calcom_uid,
            cancellation_reason=reason or stored.cancellation_reason,
            version=stored.version + 1,
        )
        if state in (State.UNKNOWN, State.CANCELLING):
            changed = replace(changed, doubted_at=self._clock.now(), looks=0)
        self._rows.appointments[seen.id] = changed
        return changed

    async def looked(self, appointment_id: UUID) -> None:
        stored = self._rows.appointments.get(appointment_id)
        if stored is not None:
            self._rows.appointments[appointment_id] = replace(stored, looks=stored.looks + 1)

    async def find(self, tenant_id: UUID, appointment_id: UUID) -> Appointment | None:
        stored = self._rows.appointments.get(appointment_id)
        return self._whole(stored) if stored and stored.tenant_id == tenant_id else None

    async def of_lineage(self, tenant_id: UUID, lineage: UUID) -> Sequence[Appointment]:
        visit = [
            self._whole(each)
            for each in self._rows.appointments.values()
            if (each.tenant_id, each.lineage) == (tenant_id, lineage) and each.state in OCCUPYING
        ]
        return sorted(visit, key=lambda each: each.asked_at)

    def _whole(self, stored: Appointment) -> Appointment:
        """Return it with its former as that stands now."""
        if stored.former is None:
            return stored
        former = self._rows.appointments[stored.former.id]
        return replace(stored, former=Former(former.id, former.state, former.calcom_uid, former.start))

    async def find_living(self, tenant_id: UUID, key: UUID) -> Appointment | None:
        living = (each for each in self._rows.appointments.values() if each.state in OCCUPYING)
        found = (self._whole(each) for each in living if (each.tenant_id, each.key) == (tenant_id, key))
        return next(found, None)

    async def occupied(
        self, tenant_id: UUID, staff_ids: Sequence[UUID], start: datetime, end: datetime
    ) -> Sequence[tuple[UUID, datetime, datetime]]:
        return [
            (each.offering.staff_id, each.start, each.end)
            for each in self._rows.appointments.values()
            if each.tenant_id == tenant_id
            and each.offering.staff_id in staff_ids
            and each.state in OCCUPYING
            and each.start < end
            and start < each.end
        ]

    async def workloads(
        self,
        tenant_id: UUID,
        staff_ids: Sequence[UUID],
        *,
        day: Stretch,
        wanted: Sequence[Stretch],
    ) -> Sequence[Workload]:
        return [await self._workload(tenant_id, each, day, wanted) for each in staff_ids]

    async def _workload(self, tenant_id: UUID, staff_id: UUID, day: Stretch, wanted: Sequence[Stretch]) -> Workload:
        today = await self.occupied(tenant_id, [staff_id], *day)
        booked = sum((min(end, day[1]) - max(start, day[0]) for _, start, end in today), timedelta())
        assigned = [
            each.asked_at
            for each in self._rows.appointments.values()
            if (each.tenant_id, each.offering.staff_id) == (tenant_id, staff_id)
        ]
        strangers = FakeCalcomBookings(self._rows)
        busy = [await self.occupied(tenant_id, [staff_id], *each) for each in wanted]
        busy += [await strangers.taken(tenant_id, [staff_id], *each) for each in wanted]
        return Workload(staff_id, booked, max(assigned, default=None), is_free=not any(busy))

    async def abandoned_synthetic(self, older_than: datetime, *, at_most: int) -> Sequence[Appointment]:
        left = [
            each
            for each in self._rows.appointments.values()
            if each.origin.traffic is Traffic.SYNTHETIC
            and each.state in (State.CONFIRMED, State.PENDING)
            and each.asked_at < older_than
        ]
        return left[:at_most]

    async def give_up_creating(self, older_than: datetime) -> int:
        stuck = [
            each
            for each in self._rows.appointments.values()
            if each.state is State.CREATING and each.asked_at < older_than
        ]
        for appointment in stuck:
            await self.settle(appointment, State.UNKNOWN)
        return len(stuck)

    async def living(self, tenant_id: UUID, window: Window) -> Sequence[Appointment]:
        return [
            each
            for each in self._rows.appointments.values()
            if each.tenant_id == tenant_id
            and (each.state in UNSETTLED or (each.state in OCCUPYING and each.start in window))
        ]

    async def by_ids(self, tenant_id: UUID, ids: Collection[UUID]) -> Sequence[Appointment]:
        own = (each for each in self._rows.appointments.values() if each.tenant_id == tenant_id)
        return [self._whole(each) for each in own if {each.id, each.lineage} & set(ids)]

    async def keep_until(self, seen: Appointment, end: datetime) -> Appointment | None:
        stored = self._rows.appointments.get(seen.id)
        if stored is None or stored.version != seen.version:
            return None
        changed = replace(seen, end=end, version=seen.version + 1)
        del self._rows.appointments[seen.id]
        comes_then = await self.occupied(seen.tenant_id, [seen.offering.staff_id], seen.start, end)
        self._rows.appointments[seen.id] = stored if comes_then else changed
        return None if comes_then else changed

    async def move(self, seen: Appointment, offering: Offering, period: Window, *, calcom_uid: str) -> bool:
        stored = self._rows.appointments[seen.id]
        others = [
            each
            for each in self._rows.appointments.values()
            if each.id != seen.id and each.state in OCCUPYING and each.offering.staff_id == offering.staff_id
        ]
        is_free = seen.state not in OCCUPYING or not any(
            each.start < period.end and period.start < each.end for each in others
        )
        if stored.version != seen.version or not is_free:
            return False
        times = {"start": period.start, "end": period.end, "version": stored.version + 1, "key": seen.id}
        changed = replace(stored, offering=offering, calcom_uid=calcom_uid, **times)
        self._rows.appointments[seen.id] = changed
        return True

    async def unsettled(self, *, at_most: int) -> Sequence[tuple[UUID, UUID]]:
        waiting = [each for each in self._rows.appointments.values() if each.state in UNSETTLED]
        return [(each.tenant_id, each.id) for each in waiting if each.state is not State.CREATING][:at_most]
