from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from booking_core.domain.access import ApiKey, Bearer
from booking_core.domain.engagement import Engagement
from booking_core.domain.models import (
    Appointment,
    Customer,
    CustomerWish,
    KnownCaller,
    Offering,
    ServiceNames,
    State,
    Tenant,
    Traffic,
)
from booking_core.domain.rules import folded
from tests.fakes.rows import Stored


class FakeTenants:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def find_by_token(self, token: str) -> Tenant | None:
        return next((tenant for tenant in self._rows.tenants.values() if tenant.token == token), None)

    async def get(self, tenant_id: UUID) -> Tenant:
        return next(tenant for tenant in self._rows.tenants.values() if tenant.id == tenant_id)

    async def every(self) -> Sequence[Tenant]:
        return list(self._rows.tenants.values())


class FakeKeys:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def find_bearer(self, key: str) -> Bearer | None:
        known = self._rows.keys.get(key)
        if known is None or known.revoked_at is not None:
            return None
        return Bearer(known.id, await FakeTenants(self._rows).get(known.tenant_id), known.scopes)

    async def add(self, api_key: ApiKey, key: str) -> None:
        self._rows.keys[key] = api_key

    async def all_of(self, tenant_id: UUID) -> Sequence[ApiKey]:
        return sorted(
            (each for each in self._rows.keys.values() if each.tenant_id == tenant_id),
            key=lambda each: (each.created_at, each.id),
        )

    async def revoke(self, tenant_id: UUID, key_id: UUID, *, at: datetime) -> bool:
        for key, known in self._rows.keys.items():
            if (known.tenant_id, known.id, known.revoked_at) == (tenant_id, key_id, None):
                self._rows.keys[key] = replace(known, revoked_at=at)
                return True
        return False


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
        return sorted(found, key=lambda offering: (offering.staff_slug, offering.segment))

    async def of_staff(self, tenant_id: UUID, staff_id: UUID) -> Sequence[Offering]:
        owned = {names.id for owner, names in self._rows.services.values() if owner == tenant_id}
        return [each for each in self._rows.offerings if each.service_id in owned and each.staff_id == staff_id]


class FakeCustomers:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def resolve(self, tenant_id: UUID, wish: CustomerWish) -> Customer:
        key = (tenant_id, wish.phone)
        known = self._rows.customers.get(key)
        customer = known or Customer(uuid4(), wish.phone, wish.name, wish.email)
        self._rows.customers[key] = replace(customer, email=customer.email or wish.email)
        return self._rows.customers[key]

    async def find_known(self, tenant_id: UUID, phone: str) -> KnownCaller | None:
        customer = self._rows.customers.get((tenant_id, phone))
        if customer is None:
            return None
        kept = (
            each
            for each in self._rows.appointments.values()
            if each.customer.id == customer.id and each.state is State.CONFIRMED
        )
        newest = max(kept, key=lambda each: each.asked_at, default=None)
        return KnownCaller(customer.name, newest.offering.service_name if newest else None)

    async def engagement(self, appointment_ids: Collection[UUID]) -> Sequence[Engagement]:
        real = [each for each in self._rows.appointments.values() if each.origin.traffic is Traffic.REAL]
        whose = {each.customer.id for each in self._rows.appointments.values() if each.id in appointment_ids}
        return [self._engagement(each, real) for each in sorted(whose)]

    def _engagement(self, customer_id: UUID, appointments: Sequence[Appointment]) -> Engagement:
        visits = [each for each in appointments if each.customer.id == customer_id and each.offering.segment == 0]
        kept = [each.start for each in visits if each.state is State.CONFIRMED]
        cancelled = sum(each.state is State.CANCELLED for each in visits)
        return Engagement(customer_id, len(kept), cancelled, max(kept, default=None))

    async def scored(self, scores: Mapping[UUID, int]) -> None:
        self._rows.scores.update(scores)
