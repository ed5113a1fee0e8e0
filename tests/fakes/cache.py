from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from uuid import uuid4

from booking_core.caching.store import Busy, Found, Lease
from booking_core.resilience.breaker_store import StoreUnavailable


class FakeCacheStore:
    """Entries and leases in memory; nothing ends by time. `down` makes it fail; `seconds` keeps what was asked for."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self.leases: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self.questions = 0
        self.down = False
        self._tokens = count()

    async def look(self, name: str) -> Found | Lease | Busy:
        self._ask()
        if name in self.entries:
            return Found(self.entries[name])
        if name in self.leases:
            return Busy()
        self.leases[name] = f"token-{next(self._tokens)}"
        return Lease(self.leases[name])

    async def fill(self, name: str, lease: Lease, payload: bytes, *, seconds: float) -> bool:
        self._ask()
        if self.leases.get(name) != lease.token:
            return False
        del self.leases[name]
        self.entries[name], self.seconds[name] = payload, seconds
        return True

    async def drop(self, names: Sequence[str]) -> None:
        self._ask()
        for name in names:
            self.entries.pop(name, None)
            self.leases.pop(name, None)

    def flush(self) -> None:
        self.entries.clear()
        self.leases.clear()

    def _ask(self) -> None:
        self.questions += 1
        if self.down:
            raise StoreUnavailable("the fake is down")


class LyingCacheStore:
    """Has everything, drops nothing, and all of it is well-formed and untrue."""

    async def look(self, name: str) -> Found | Lease | Busy:
        family = name.split(":")[2]
        lies = {"phone": str(uuid4()), "service": [_offering()], "user": [_offering()]}
        return Found(json.dumps({"v": [1, 1], "key": name, "value": lies.get(family, "no slots")}).encode())

    async def fill(self, name: str, lease: Lease, payload: bytes, *, seconds: float) -> bool:
        return True

    async def drop(self, names: Sequence[str]) -> None: ...


def _offering() -> dict[str, object]:
    """A service of some other salon, or of some other day."""
    return {
        "service_id": str(uuid4()),
        "service_slug": "haircut",
        "service_name": "Haircut",
        "minutes": 5,
        "staff_id": str(uuid4()),
        "staff_slug": "anna",
        "staff_name": "Anna",
        "calcom_event_type_id": 1,
    }
