from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from booking_core.domain.models import Appointment, Customer, Offering, Reply, ServiceNames, Tenant


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
