"""How often one key, one telephone and one call may ask. Losing count costs nothing: then everybody may ask."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from booking_core.resilience.breaker_store import StoreUnavailable

REST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests within any window, nearly: of the window before, the share that still counts is estimated."""

    name: str
    requests: int
    window_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a limit after a request. `retry_after_seconds` if there was nothing left for it."""

    limit: Limit
    remaining: int
    reset_seconds: float
    retry_after_seconds: float | None = None

    @property
    def is_exceeded(self) -> bool:
        return self.retry_after_seconds is not None


class LimitStore(Protocol):
    """Counts, shared by all workers."""

    async def take(self, limit: Limit, subject: str) -> Quota:
        """Count one request of a subject, unless the limit is reached. Raises StoreUnavailable within 100 ms."""
        ...


class Limits:
    """The three limits; one of 0 requests is none, and without a store nobody counts."""

    def __init__(
        self,
        store: LimitStore | None,
        *,
        key: Limit,
        phone: Limit,
        call: Limit,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self.key = key
        self.phone = phone
        self.call = call
        self._monotonic = monotonic
        self._asks_again_at = monotonic()

    async def take(self, limit: Limit, subject: str) -> Quota | None:
        """Count one request; None when nobody counts. The subject is kept as a digest: it may be personal."""
        if self._store is None or not limit.requests or self._monotonic() < self._asks_again_at:
            return None
        try:
            return await self._store.take(limit, hashlib.sha256(subject.encode()).hexdigest()[:32])
        except StoreUnavailable:
            # One request a second waits to see whether it is back; the others do not even wait.
            self._asks_again_at = self._monotonic() + REST_SECONDS
            return None


def limits(store: LimitStore | None, *, key: int = 0, phone: int = 0, call: int = 0) -> Limits:
    """Name the limits, each in requests a minute."""
    return Limits(store, key=Limit("key", key), phone=Limit("phone", phone), call=Limit("call", call))


UNLIMITED = limits(None)
