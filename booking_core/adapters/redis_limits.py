"""Request counts in Redis: one script a request, on the server's clock.

What lies there: limit:{<name>:<digest of the subject>}  hash: window, count in it, count in the one before
It vanishes after two windows.
"""

from __future__ import annotations

import asyncio

from redis.exceptions import RedisError

from booking_core.adapters.redis import RedisLine, Script
from booking_core.resilience.breaker_store import StoreUnavailable
from booking_core.resilience.limits import Limit, Quota

# ARGV: a test's clock in seconds or nothing, the limit, the window in seconds. Answers in milliseconds.
# The last window counts with the share of it that the sliding window still covers.
_TAKE = Script(
    """
local now, limit, width = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] + time[2] / 1000000
end
local window = math.floor(now / width)
local stored = redis.call('HMGET', KEYS[1], 'window', 'count', 'before')
local count, before = 0, 0
if tonumber(stored[1]) == window then
  count, before = tonumber(stored[2]), tonumber(stored[3])
elseif tonumber(stored[1]) == window - 1 then
  before = tonumber(stored[2])
end
local left = 1 - (now / width - window)
local wait = 0
if before * left + count + 1 > limit then
  if count + 1 <= limit then
    wait = (left - (limit - 1 - count) / before) * width
  else
    wait = left * width + (1 - (limit - 1) / count) * width
  end
end
if wait <= 0 then
  count = count + 1
  redis.call('HSET', KEYS[1], 'window', window, 'count', count, 'before', before)
  redis.call('EXPIRE', KEYS[1], 2 * width)
end
return {math.max(0, math.floor(limit - before * left - count)), math.ceil(left * width * 1000), math.ceil(wait * 1000)}
"""
)


class RedisLimitStore:
    """Nothing waits for it longer than `timeout_seconds`."""

    def __init__(self, line: RedisLine, *, timeout_seconds: float = 0.1) -> None:
        self._line = line
        self._timeout_seconds = timeout_seconds

    async def take(self, limit: Limit, subject: str, *, now: float | None = None) -> Quota:
        key = f"limit:{{{limit.name}:{subject}}}"
        arguments = ("" if now is None else repr(now), limit.requests, limit.window_seconds)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await self._line.run(_TAKE, (key,), arguments)
        except (RedisError, OSError) as error:  # OSError: the timeout, too
            raise StoreUnavailable("Redis did not answer") from error
        remaining, reset, wait = answer
        return Quota(limit, remaining, reset / 1000, wait / 1000 if wait > 0 else None)
