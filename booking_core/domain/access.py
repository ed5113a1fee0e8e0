"""Who may do what over the API: keys, and the closed set of things a key may allow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from booking_core.domain.models import Tenant


class KeyScope(StrEnum):
    """One thing a key may allow."""

    BOOKINGS_READ = "bookings:read"
    BOOKINGS_WRITE = "bookings:write"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; the key itself is known to its bearer only."""

    id: UUID
    tenant_id: UUID
    label: str
    scopes: frozenset[KeyScope]
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Somebody with a good key: for which salon they speak, and what the key allows."""

    key_id: UUID
    tenant: Tenant
    scopes: frozenset[KeyScope]


class ScopeMissing(Exception):
    """The key is good, and not for this."""

    def __init__(self, scope: KeyScope) -> None:
        super().__init__(
            f"This API key does not have the scope {scope}. Use one that has; whoever runs slotwatch makes it with "
            f"`python -m booking_core keys create --scope {scope}`."
        )
        self.scope = scope


def ordered(scopes: Iterable[KeyScope]) -> list[KeyScope]:
    """Return scopes in the order in which they are declared."""
    return [scope for scope in KeyScope if scope in frozenset(scopes)]
