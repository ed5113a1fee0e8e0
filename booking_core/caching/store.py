"""Where entries lie: bytes under names, and leases that keep a late write from bringing back the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from booking_core.resilience.breaker_store import StoreUnavailable


@dataclass(frozen=True, slots=True)
class Found:
    """The entry is there."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """The entry is not there: whoever holds this loads it, and may write it as long as nobody dropped the entry."""

    token: str


@dataclass(frozen=True, slots=True)
class Busy:
    """The entry is not there, and somebody else is loading it."""


class CacheStore(Protocol):
    """A shared store. Every method raises StoreUnavailable when it does not answer in time."""

    async def look(self, name: str) -> Found | Lease | Busy: ...

    async def fill(self, name: str, lease: Lease, payload: bytes, *, seconds: float) -> bool:
        """Write the entry if the lease still stands: it ends with the entry, by time, and when the entry is dropped."""
        ...

    async def drop(self, names: Sequence[str]) -> None:
        """Remove entries and leases; what was read before this can no longer be written."""
        ...


class NoStore:
    """For whoever has no cache: it never answers."""

    async def look(self, name: str) -> Found | Lease | Busy:
        raise StoreUnavailable("there is no cache here")

    async def fill(self, name: str, lease: Lease, payload: bytes, *, seconds: float) -> bool:
        raise StoreUnavailable("there is no cache here")

    async def drop(self, names: Sequence[str]) -> None:
        raise StoreUnavailable("there is no cache here")
