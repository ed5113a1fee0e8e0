"""The names under which things are remembered. Without a tenant there is no key: the type asks for one.

The families and their lifetimes are the specification's (4.2), plus the one that finding a service needs. Where its
keys hold a telephone number or a caller's words, ours hold a keyed hash: keys show up in MONITOR, slow logs and dumps.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from booking_core.domain.models import Offering
from booking_core.domain.rules import folded

T = TypeVar("T")

_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Family(Generic[T]):
    """Entries of one kind: how long they live and what shape they have. A change of shape needs a new version.

    `near_seconds`: so long a process keeps a found one to itself, without asking Redis. For the few and large entries
    that every booking needs and that nothing invalidates.
    """

    name: str
    seconds: float
    shape: TypeAdapter[T]
    version: int = 1
    near_seconds: float = 0.0


# The event types a member of staff serves.
USER: Family[tuple[Offering, ...]] = Family("user", 5 * 60, TypeAdapter(tuple[Offering, ...]), near_seconds=5)
# How a service is offered, by what callers call it.
SERVICE: Family[tuple[Offering, ...]] = Family("service", 5 * 60, TypeAdapter(tuple[Offering, ...]), near_seconds=5)
# Which customer has a telephone number: an opaque id, so that no personal data lies in Redis.
PHONE: Family[UUID] = Family("phone", 60 * 60, TypeAdapter(UUID))
# Cal.com's free slots of one event type on one local day, in seconds since 1970.
AVAILABILITY: Family[tuple[int, ...]] = Family("availability", 10 * 60, TypeAdapter(tuple[int, ...]))


@dataclass(frozen=True, slots=True)
class Key(Generic[T]):
    """One entry of one tenant."""

    tenant_id: UUID
    family: Family[T]
    rest: str

    def __str__(self) -> str:
        # In braces: on a Redis Cluster all entries of a tenant live in one place and can be dropped together.
        return f"company:{{{self.tenant_id}}}:{self.family.name}:{self.rest}"

    def __hash__(self) -> int:
        return hash((self.tenant_id, self.family.name, self.rest))


class Keys:
    """Makes keys; `pepper` is the deployment's own, so that nobody can try all telephone numbers on a stolen dump."""

    def __init__(self, pepper: str) -> None:
        self._pepper = pepper.encode()

    def user(self, tenant_id: UUID, staff_id: UUID) -> Key[tuple[Offering, ...]]:
        return Key(tenant_id, USER, str(staff_id))

    def service(self, tenant_id: UUID, word: str) -> Key[tuple[Offering, ...]]:
        return Key(tenant_id, SERVICE, self._hidden(tenant_id, folded(word)))

    def phone(self, tenant_id: UUID, phone: str) -> Key[UUID]:
        return Key(tenant_id, PHONE, self._hidden(tenant_id, phone))

    def availability(self, tenant_id: UUID, event_type: int, day: date) -> Key[tuple[int, ...]]:
        return Key(tenant_id, AVAILABILITY, f"{event_type}:{day.isoformat()}")

    def availabilities(
        self, tenant_id: UUID, event_types: Sequence[int], days: Sequence[date]
    ) -> Sequence[Key[tuple[int, ...]]]:
        return [self.availability(tenant_id, event_type, day) for event_type in event_types for day in days]

    def _hidden(self, tenant_id: UUID, text: str) -> str:
        # With the tenant in it: the same number at two salons must not be recognised as the same.
        digest = hmac.digest(self._pepper, f"{tenant_id}:{text}".encode(), "sha256")
        return digest[:_DIGEST_BYTES].hex()
