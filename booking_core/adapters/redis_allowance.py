"""Allowances in Redis, one count for every process: one script a question, on the server's clock.

What lies there (times are microseconds of the server's clock; the name is a digest of the key, never the key):
    allowance:{<name>}        hash: since alone_until background_at
    allowance:{<name>}:calls  sorted set: one member per granted call, scored with its time
Both vanish when the key is idle. `since` says how far back this memory reaches: a process that was granted calls
before it, as after a FLUSHALL or while Redis was away, tells them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import Any

from redis.exceptions import RedisError

from booking_core.adapters.redis import RedisLine, Script
from booking_core.resilience.allowance import Allowance
from booking_core.resilience.breaker_store import StoreUnavailable, microseconds

# Every script begins with this. ARGV[1] is a test's clock; production passes nothing there.
_BEGIN = """
local key, calls = KEYS[1], KEYS[2]
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local window = tonumber(ARGV[2])

local function keep(until_at)
  local left = math.ceil(math.max(window, (until_at or 0) - now) / 1000)
  redis.call('PEXPIRE', key, math.max(left, redis.call('PTTL', key)))
  redis.call('PEXPIRE', calls, math.ceil(window / 1000))
end
"""

# ARGV[3] names the call, ARGV[4] is the limit, ARGV[5] the background's interval or 0 for a live call.
# A stamp in the future means that the server's clock was set back: it counts no longer.
_TAKE = Script(
    _BEGIN
    + """
local limit, interval = tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('HSETNX', key, 'since', now)
redis.call('ZREMRANGEBYSCORE', calls, '-inf', now - window)
redis.call('ZREMRANGEBYSCORE', calls, '(' .. string.format('%.0f', now), '+inf')
local stored = redis.call('HMGET', key, 'since', 'alone_until', 'background_at')
local used = redis.call('ZCARD', calls)
local wait = tonumber(stored[2] or 0) - now
if limit == 0 then
  wait = math.max(wait, window)
elseif used >= limit then
  local leaving = redis.call('ZRANGE', calls, used - limit, used - limit, 'WITHSCORES')
  wait = math.max(wait, tonumber(leaving[2]) + window - now)
end
local last = tonumber(stored[3])
if interval > 0 and last and last <= now then wait = math.max(wait, last + interval - now) end
if wait <= 0 then
  redis.call('ZADD', calls, now, ARGV[3])
  if interval > 0 then redis.call('HSET', key, 'background_at', now) end
end
keep(tonumber(stored[2]))
return {math.max(wait, 0), tonumber(stored[1])}
"""
)

# ARGV[3] is for how long.
_LEAVE_ALONE = Script(
    _BEGIN
    + """
local until_at = math.max(now + tonumber(ARGV[3]), tonumber(redis.call('HGET', key, 'alone_until') or 0))
redis.call('HSETNX', key, 'since', now)
redis.call('HSET', key, 'alone_until', until_at)
keep(until_at)
"""
)

# From ARGV[3] on: a call, its age, the next call, its age, ...
_REMEMBER = Script(
    _BEGIN
    + """
redis.call('HSETNX', key, 'since', now)
for place = 3, #ARGV, 2 do
  local at = now - tonumber(ARGV[place + 1])
  if at > now - window then redis.call('ZADD', calls, 'NX', at, ARGV[place]) end
end
keep()
"""
)


class RedisAllowanceStore:
    """Nothing waits for it longer than `timeout_seconds`.

    `own` returns how many seconds ago this process was granted each of its calls. `server_time` replaces the server's
    clock in tests; it returns seconds.
    """

    def __init__(
        self,
        line: RedisLine,
        allowance: Allowance,
        *,
        own: Callable[[str], Mapping[str, float]] = lambda key: {},
        timeout_seconds: float = 0.1,
        server_time: Callable[[], float] | None = None,
    ) -> None:
        self._line = line
        self._allowance = allowance
        self._own = own
        self._timeout_seconds = timeout_seconds
        self._server_time = server_time
        # Since when the server remembers a key, as far as this process knows: it has been told what lies before.
        self._since: dict[str, int] = {}

    async def take(self, key: str, call: str, *, is_live: bool) -> float:
        interval = 0 if is_live else microseconds(self._allowance.interval_seconds)
        wait, since = await self._run(_TAKE, key, call, self._allowance.limit(is_live=is_live), interval)
        if self._since.get(key) != since:
            with suppress(StoreUnavailable):
                await self.remember(key, self._own(key))
                self._since[key] = since
        return float(wait) / 1_000_000

    async def leave_alone(self, key: str, seconds: float) -> None:
        await self._run(_LEAVE_ALONE, key, microseconds(seconds))

    async def remember(self, key: str, ages_seconds: Mapping[str, float]) -> None:
        told: Iterator[str | int] = chain.from_iterable((call, microseconds(age)) for call, age in ages_seconds.items())
        await self._run(_REMEMBER, key, *told)

    async def _run(self, script: Script, key: str, *arguments: str | int) -> Any:
        """Run a script. Raises StoreUnavailable."""
        name = f"allowance:{{{key}}}"
        now = "" if self._server_time is None else microseconds(self._server_time())
        window = microseconds(self._allowance.window_seconds)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._line.run(script, (name, f"{name}:calls"), (now, window, *arguments))
        except (RedisError, OSError) as error:  # OSError: the timeout, too
            # What is granted without the server meanwhile, it must be told when it is back.
            self._since.clear()
            raise StoreUnavailable("Redis did not answer for Cal.com's allowance") from error
