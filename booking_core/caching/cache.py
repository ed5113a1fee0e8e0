"""Cache-aside: ask the store, else load and remember. A store that fails costs one short wait a second, no more."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import ValidationError

from booking_core.caching.keys import Key
from booking_core.caching.store import Busy, CacheStore, Found, Lease
from booking_core.resilience.breaker_store import StoreUnavailable

T = TypeVar("T")
Load = Callable[[], Awaitable[T | None]]

# What does not exist is forgotten sooner: it may begin to exist.
NEGATIVE_SECONDS = 30.0
# Entries of one family, made together, must not end together.
JITTER_RATIO = 0.1
# How often and how long to wait for another process that is loading the same.
WAITS, WAIT_SECONDS = 3, 0.02
REST_SECONDS = 1.0
# More than the words and staff that callers of one process name within seconds.
MOST_NEAR = 2000

_VERSION = 1


class _Unreadable(Exception):
    """The entry is not one of ours, or of another release."""


class Cache:
    """One per process. `looked` hears of every question: the family, and `hit`, `miss` or `error`."""

    def __init__(
        self,
        store: CacheStore,
        *,
        looked: Callable[[str, str], None] = lambda family, result: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._looked = looked
        self._sleep = sleep
        self._monotonic = monotonic
        self._jitter = jitter
        self._flights: dict[Key[Any], asyncio.Future[Any]] = {}
        self._near: dict[Key[Any], tuple[float, Any]] = {}
        self._distrusted: dict[Key[Any], float] = {}
        self._asks_again_at = monotonic()

    async def find(self, key: Key[T], load: Load[T]) -> T | None:
        """Return what is remembered, or what `load` finds now. Raises what `load` raises.

        Of many who ask for the same at once, one asks and all get its answer.
        """
        until, near = self._near.get(key, (0.0, None))
        if self._monotonic() < until:
            self._looked(key.family.name, "hit")
            kept: T | None = near
            return kept
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(self._find(key, load))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        else:
            self._looked(key.family.name, "hit")
        # Shielded: one caller who hangs up must not take the answer from the others.
        found: T | None = await asyncio.shield(flight)
        return found

    async def drop(self, keys: Sequence[Key[Any]]) -> None:
        """Forget entries. What cannot be dropped because the store is away ends by itself, and is never believed."""
        for key in keys:
            self._flights.pop(key, None)
            self._near.pop(key, None)
        if keys and self._monotonic() >= self._asks_again_at:
            try:
                await self._store.drop([str(key) for key in keys])
            except StoreUnavailable:
                self._let_rest()

    async def distrust(self, keys: Sequence[Key[Any]]) -> None:
        """Drop entries that proved wrong, and do not even ask for them for a while: the store may say it again."""
        now = self._monotonic()
        self._distrusted = {key: until for key, until in self._distrusted.items() if until > now}
        self._distrusted |= dict.fromkeys(keys, now + REST_SECONDS)
        await self.drop(keys)

    def _landed(self, key: Key[Any], done: asyncio.Future[Any]) -> None:
        if self._flights.get(key) is done:
            del self._flights[key]
        if not done.cancelled():
            done.exception()  # seen, even if everybody who waited has gone

    async def _find(self, key: Key[T], load: Load[T]) -> T | None:
        answer = await self._ask(key)
        if isinstance(answer, Found):
            with suppress(_Unreadable):
                found = _opened(key, answer.payload)
                self._keep_near(key, found)
                self._looked(key.family.name, "hit")
                return found
            # So that the next who asks may fill it; we cannot, having no lease.
            await self.drop([key])
        self._looked(key.family.name, "error" if answer is None else "miss")
        loaded = await load()
        if isinstance(answer, Lease):
            await self._fill(key, answer, loaded)
        return loaded

    def _keep_near(self, key: Key[T], found: T | None) -> None:
        if not key.family.near_seconds or found is None:
            return
        if len(self._near) >= MOST_NEAR:
            self._near.clear()
        self._near[key] = (self._monotonic() + key.family.near_seconds, found)

    async def _ask(self, key: Key[T]) -> Found | Lease | Busy | None:
        """Ask the store; None when it cannot be asked."""
        now = self._monotonic()
        if now < self._asks_again_at or now < self._distrusted.get(key, now):
            return None
        try:
            answer = await self._store.look(str(key))
            for _ in range(WAITS):
                if not isinstance(answer, Busy):
                    break
                await self._sleep(WAIT_SECONDS)
                answer = await self._store.look(str(key))
        except StoreUnavailable:
            self._let_rest()
            return None
        return answer

    async def _fill(self, key: Key[T], lease: Lease, value: T | None) -> None:
        seconds = (NEGATIVE_SECONDS if value is None else key.family.seconds) * (1 - JITTER_RATIO * self._jitter())
        try:
            await self._store.fill(str(key), lease, _sealed(key, value), seconds=seconds)
        except StoreUnavailable:
            self._let_rest()

    def _let_rest(self) -> None:
        self._asks_again_at = self._monotonic() + REST_SECONDS


def _sealed(key: Key[T], value: T | None) -> bytes:
    """Put a value into its envelope: what it is, of which release, and whose."""
    described = None if value is None else key.family.shape.dump_python(value, mode="json")
    return json.dumps({"v": [_VERSION, key.family.version], "key": str(key), "value": described}).encode()


def _opened(key: Key[T], payload: bytes) -> T | None:
    try:
        envelope = json.loads(payload)
        if envelope["v"] != [_VERSION, key.family.version] or envelope["key"] != str(key):
            raise _Unreadable
        described = envelope["value"]
        return None if described is None else key.family.shape.validate_python(described, strict=False)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise _Unreadable from error
