from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from booking_core.domain.access import ApiKey
from booking_core.domain.calcom_news import KnownBooking
from booking_core.domain.discrepancies import Kind, Sighting
from booking_core.domain.letters import DueLetter, LetterKind, LetterResult
from booking_core.domain.models import Appointment, Customer, Offering, Reply, ServiceNames, Tenant
from booking_core.domain.ports import EVERY_TENANT, Run, Scope
from booking_core.domain.webhooks import Delivery
from tests.fakes.sight import InSight


@dataclass(frozen=True)
class Claimed:
    """A request with an Idempotency-Key."""

    fingerprint: str
    at: datetime
    reply: Reply | None = None


@dataclass(frozen=True)
class Told:
    """What Cal.com has told us of a booking, and the appointment it was made for."""

    booking: KnownBooking
    appointment_id: UUID | None


@dataclass(frozen=True)
class StoredLetter:
    """A letter that was put down, when it is tried next, and how it ended."""

    due: DueLetter
    next_try_at: datetime
    result: LetterResult | None = None


@dataclass
class Stored:
    """The rows of the fake database."""

    tenants: MutableMapping[str, Tenant] = field(default_factory=dict)  # by any name
    keys: MutableMapping[str, ApiKey] = field(default_factory=dict)  # by the key itself
    services: MutableMapping[UUID, tuple[UUID, ServiceNames]] = field(
        default_factory=dict
    )  # tenant and names, by service
    offerings: list[Offering] = field(default_factory=list)
    customers: MutableMapping[tuple[UUID, str], Customer] = field(default_factory=dict)
    scores: MutableMapping[UUID, int] = field(default_factory=dict)  # by customer
    appointments: MutableMapping[UUID, Appointment] = field(default_factory=dict)
    jobs: list[tuple[UUID, UUID]] = field(default_factory=list)  # tenant, and appointment or delivery
    undoings: list[tuple[UUID, str, str]] = field(default_factory=list)  # tenant, uid at Cal.com, reason
    deliveries: MutableMapping[UUID, Delivery] = field(default_factory=dict)
    calcom_bookings: MutableMapping[tuple[UUID, str], Told] = field(default_factory=dict)  # by tenant and uid
    requests: MutableMapping[tuple[UUID, str], Claimed] = field(default_factory=dict)
    letters: MutableMapping[tuple[UUID, LetterKind, int], StoredLetter] = field(default_factory=dict)
    # Open differences by tenant, kind and subject.
    inconsistencies: MutableMapping[tuple[UUID, Kind, str], Sighting] = field(default_factory=dict)
    resolved: list[tuple[UUID, Sighting, datetime]] = field(default_factory=list)
    claims: MutableMapping[tuple[UUID, Kind, str], datetime] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    def copied(self) -> Stored:
        """Return what a rollback brings back."""
        return replace(
            self,
            keys=dict(self.keys),
            customers=dict(self.customers),
            scores=dict(self.scores),
            appointments=dict(self.appointments),
            jobs=list(self.jobs),
            undoings=list(self.undoings),
            requests=dict(self.requests),
            deliveries=dict(self.deliveries),
            letters=dict(self.letters),
            inconsistencies=dict(self.inconsistencies),
            resolved=list(self.resolved),
            claims=dict(self.claims),
            runs=list(self.runs),
            calcom_bookings=dict(self.calcom_bookings),
        )

    def in_sight(self, scope: Scope) -> Stored:
        """Return the same rows as a transaction of one tenant sees them. Offerings are reached through services."""
        if scope is EVERY_TENANT:
            return self
        return replace(
            self,
            tenants=InSight(self.tenants, lambda _, tenant: tenant.id, scope),
            keys=InSight(self.keys, lambda _, key: key.tenant_id, scope),
            services=InSight(self.services, lambda _, owned: owned[0], scope),
            customers=InSight(self.customers, lambda key, _: key[0], scope),
            appointments=InSight(self.appointments, lambda _, appointment: appointment.tenant_id, scope),
            requests=InSight(self.requests, lambda key, _: key[0], scope),
            calcom_bookings=InSight(self.calcom_bookings, lambda key, _: key[0], scope),
            letters=InSight(self.letters, lambda _, letter: letter.due.tenant_id, scope),
            deliveries=InSight(self.deliveries, lambda _, delivery: delivery.tenant_id, scope),
            inconsistencies=InSight(self.inconsistencies, lambda key, _: key[0], scope),
        )
