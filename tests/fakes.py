"""One fake per port, held to the same contract as the real adapter by tests/contracts/."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from booking_core.domain.errors import AppointmentDatabaseError, BookingError, IdempotencyKeyReused, RequestInFlight
from booking_core.domain.models import (
    OCCUPYING,
    Appointment,
    Confirmation,
    Customer,
    CustomerWish,
    Offering,
    Reply,
    ServiceNames,
    State,
    Tenant,
    Traffic,
)
from booking_core.domain.ports import CalcomBooking, Letter
from booking_core.domain.rules import folded


@dataclass
class FakeClock:
    """Stands still until told to go on."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Claimed:
    """A request with an Idempotency-Key."""

    fingerprint: str
    at: datetime
    reply: Reply | None = None


@dataclass
class Stored:
    """The rows of the fake database."""

    tenants: dict[str, Tenant] = field(default_factory=dict)  # by API key
    services: dict[UUID, tuple[UUID, ServiceNames]] = field(default_factory=dict)  # tenant and names, by service
    offerings: list[Offering] = field(default_factory=list)
    customers: dict[tuple[UUID, str], Customer] = field(default_factory=dict)
    appointments: dict[UUID, Appointment] = field(default_factory=dict)
    jobs: list[tuple[UUID, UUID]] = field(default_factory=list)  # tenant and appointment
    requests: dict[tuple[UUID, str], Claimed] = field(default_factory=dict)


class FakeDatabase:
    """Everything in memory; a transaction that raises leaves no trace."""

    def __init__(self, clock: FakeClock) -> None:
        self.rows = Stored()
        self.down = False
        self._clock = clock

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[FakeStores]:
        await self.ping()
        before = copy.copy(self.rows)
        before.customers, before.appointments = dict(self.rows.customers), dict(self.rows.appointments)
        before.jobs = list(self.rows.jobs)
        before.requests = dict(self.rows.requests)
        try:
            yield FakeStores(self.rows, self._clock)
        except BaseException:
            self.rows = before
            raise

    @contextmanager
    def counting(self) -> Iterator[Counted]:
        yield Counted()

    async def ping(self) -> None:
        if self.down:
            raise AppointmentDatabaseError


@dataclass
class Counted:
    """The fake sends no statements."""

    count: int = 0


class FakeStores:
    """The stores of one transaction."""

    def __init__(self, rows: Stored, clock: FakeClock) -> None:
        self.tenants = FakeTenants(rows)
        self.services = FakeServices(rows)
        self.customers = FakeCustomers(rows)
        self.appointments = FakeAppointments(rows, clock)
        self.queue = FakeQueue(rows)
        self.requests = FakeRequests(rows)


class FakeTenants:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def find_by_token(self, token: str) -> Tenant | None:
        return next((tenant for tenant in self._rows.tenants.values() if tenant.token == token), None)

    async def find_by_api_key(self, key: str) -> Tenant | None:
        return self._rows.tenants.get(key)

    async def get(self, tenant_id: UUID) -> Tenant:
        return next(tenant for tenant in self._rows.tenants.values() if tenant.id == tenant_id)


class FakeServices:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def names(self, tenant_id: UUID) -> Sequence[ServiceNames]:
        known = [names for owner, names in self._rows.services.values() if owner == tenant_id]
        return sorted(known, key=lambda names: names.slug)

    async def offerings(self, tenant_id: UUID, service: str) -> Sequence[Offering]:
        meant = {
            names.id
            for owner, names in self._rows.services.values()
            if owner == tenant_id
            and folded(service) in {folded(word) for word in (str(names.id), names.slug, names.name, *names.aliases)}
        }
        found = [offering for offering in self._rows.offerings if offering.service_id in meant]
        return sorted(found, key=lambda offering: offering.staff_slug)


class FakeCustomers:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def resolve(self, tenant_id: UUID, wish: CustomerWish) -> Customer:
        key = (tenant_id, wish.phone)
        known = self._rows.customers.get(key)
        customer = known or Customer(uuid4(), wish.phone, wish.name, wish.email)
        self._rows.customers[key] = replace(customer, email=customer.email or wish.email)
        return self._rows.customers[key]


class FakeAppointments:
    def __init__(self, rows: Stored, clock: FakeClock) -> None:
        self._rows = rows
        self._clock = clock

    async def hold(self, appointment: Appointment) -> bool:
        staff = [appointment.offering.staff_id]
        if await self.find_living(appointment.tenant_id, appointment.key) or await self.occupied(
            appointment.tenant_id, staff, appointment.start, appointment.end
        ):
            return False
        self._rows.appointments[appointment.id] = appointment
        return True

    async def settle(self, appointment_id: UUID, state: State, *, calcom_uid: str | None = None) -> None:
        stored = self._rows.appointments[appointment_id]
        changed = replace(stored, state=state, calcom_uid=calcom_uid or stored.calcom_uid)
        if state is State.UNKNOWN:
            changed = replace(changed, doubted_at=self._clock.now(), looks=0)
        self._rows.appointments[appointment_id] = changed

    async def looked(self, appointment_id: UUID) -> None:
        stored = self._rows.appointments[appointment_id]
        self._rows.appointments[appointment_id] = replace(stored, looks=stored.looks + 1)

    async def find(self, tenant_id: UUID, appointment_id: UUID) -> Appointment | None:
        stored = self._rows.appointments.get(appointment_id)
        return stored if stored and stored.tenant_id == tenant_id else None

    async def find_living(self, tenant_id: UUID, key: UUID) -> Appointment | None:
        living = (each for each in self._rows.appointments.values() if each.state in OCCUPYING)
        return next((each for each in living if (each.tenant_id, each.key) == (tenant_id, key)), None)

    async def confirmation(self, appointment_id: UUID) -> Confirmation:
        stored = self._rows.appointments[appointment_id]
        tenant = await FakeTenants(self._rows).get(stored.tenant_id)
        return Confirmation(
            stored.id,
            tenant.name,
            tenant.time_zone,
            stored.customer.name,
            stored.customer.email,
            stored.offering.service_name,
            stored.offering.staff_name,
            stored.start,
        )

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

    async def abandoned_synthetic(self, older_than: datetime, *, at_most: int) -> Sequence[Appointment]:
        left = [
            each
            for each in self._rows.appointments.values()
            if each.origin.traffic is Traffic.SYNTHETIC and each.state is State.CONFIRMED and each.asked_at < older_than
        ]
        return left[:at_most]

    async def give_up_creating(self, older_than: datetime) -> int:
        stuck = [
            each.id
            for each in self._rows.appointments.values()
            if each.state is State.CREATING and each.asked_at < older_than
        ]
        for appointment_id in stuck:
            await self.settle(appointment_id, State.UNKNOWN)
        return len(stuck)

    async def unsettled(self, *, at_most: int) -> Sequence[tuple[UUID, UUID]]:
        waiting = (State.QUEUED, State.UNKNOWN)
        left = [(each.tenant_id, each.id) for each in self._rows.appointments.values() if each.state in waiting]
        return left[:at_most]


class FakeQueue:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def settle(self, tenant_id: UUID, appointment_id: UUID, *, after_seconds: float) -> None:
        self._rows.jobs.append((tenant_id, appointment_id))


class FakeRequests:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def claim(
        self, tenant_id: UUID, key: str, fingerprint: str, *, now: datetime, abandoned_before: datetime
    ) -> Reply | None:
        known = self._rows.requests.get((tenant_id, key))
        if known is not None:
            if known.fingerprint != fingerprint:
                raise IdempotencyKeyReused
            if known.reply is not None:
                return known.reply
            if known.at >= abandoned_before:
                raise RequestInFlight
        self._rows.requests[tenant_id, key] = Claimed(fingerprint, now)
        return None

    async def remember(self, tenant_id: UUID, key: str, reply: Reply) -> None:
        known = self._rows.requests[tenant_id, key]
        self._rows.requests[tenant_id, key] = replace(known, reply=reply)

    async def forget(self, tenant_id: UUID, key: str) -> None:
        self._rows.requests.pop((tenant_id, key), None)

    async def forget_older(self, than: datetime) -> int:
        old = [each for each, claimed in self._rows.requests.items() if claimed.at < than]
        for each in old:
            del self._rows.requests[each]
        return len(old)


class FakeCalcom:
    """Books everything, remembers what it was asked, and fails on demand; `books_unseen` books and then fails."""

    def __init__(self) -> None:
        self.free: list[datetime] = []
        self.created: list[Appointment] = []
        self.cancelled: list[str] = []
        self.error: BookingError | Exception | None = None
        self.books_unseen = False
        self.hides = False  # lists lag behind

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]:
        self._fail()
        return [slot for slot in self.free if start <= slot < end]

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        if self.error is None or self.books_unseen:
            self.created.append(appointment)
        self._fail()
        return CalcomBooking(f"uid-{len(self.created)}", "accepted")

    async def find(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking | None:
        if not self.books_unseen:
            self._fail()
        uids = {each.id: f"uid-{number}" for number, each in enumerate(self.created, 1)}
        return None if self.hides or appointment.id not in uids else CalcomBooking(uids[appointment.id], "accepted")

    async def cancel(self, tenant: Tenant, uid: str, *, reason: str) -> None:
        self._fail()
        self.cancelled.append(uid)

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


class FakeMailer:
    """Keeps the letters."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.error: Exception | None = None

    async def send(self, letter: Letter) -> None:
        if self.error is not None:
            raise self.error
        self.letters.append(letter)
