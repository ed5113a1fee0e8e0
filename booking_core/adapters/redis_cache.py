"""Remembered things in Redis.

What lies there, for readers outside the core:
    company:{<tenant id>}:<family>:<rest>        string: the entry, JSON in an envelope
    company:{<tenant id>}:<family>:<rest>:lease  string: the token of whoever is loading it
Both vanish by themselves. A lease is what a version counter would be, and more: after a FLUSHALL a counter begins anew
and could fit a write from before, a random token cannot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from redis.exceptions import RedisError

from booking_core.adapters.redis import RedisLine, Script
from booking_core.caching.store import Busy, Found, Lease
from booking_core.resilience.breaker_store import StoreUnavailable

# Longer than most loads take; a load that takes longer is not remembered.
LEASE_SECONDS = 2.0

# KEYS: entry and lease. ARGV: a new token, its milliseconds.
_LOOK = Script(
    """
local found = redis.call('GET', KEYS[1])
if found then return found end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0
"""
)

# KEYS: entry and lease. ARGV: the token, the payload, its milliseconds.
_FILL = Script(
    """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
"""
)


class RedisCacheStore:
    """Nothing waits for it longer than `timeout_seconds`."""

    def __init__(
        self, line: RedisLine, *, timeout_seconds: float = 0.1, new_token: Callable[[], str] = lambda: uuid4().hex
    ) -> None:
        self._line = line
        self._timeout_seconds = timeout_seconds
        self._new_token = new_token

    async def look(self, name: str) -> Found | Lease | Busy:
        # Most are found, and a plain GET costs the server and us half of what a script does.
        payload = await self._ask(self._line.ask("GET", name))
        if payload is not None:
            return Found(payload)
        token = self._new_token()
        answer = await self._ask(self._line.run(_LOOK, _pair(name), (token, round(LEASE_SECONDS * 1000))))
        if isinstance(answer, bytes):
            return Found(answer)
        return Lease(token) if answer else Busy()

    async def fill(self, name: str, lease: Lease, payload: bytes, *, seconds: float) -> bool:
        arguments = (lease.token, payload, max(round(seconds * 1000), 1))
        return bool(await self._ask(self._line.run(_FILL, _pair(name), arguments)))

    async def drop(self, names: Sequence[str]) -> None:
        await self._ask(self._line.ask("DEL", *(part for name in names for part in _pair(name))))

    async def _ask(self, question: Any) -> Any:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await question
        except (RedisError, OSError) as error:  # OSError: the timeout, too
            raise StoreUnavailable("Redis did not answer for the cache") from error


def _pair(name: str) -> tuple[str, str]:
    return name, f"{name}:lease"
