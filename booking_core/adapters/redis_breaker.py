"""Circuits in Redis, shared by every worker: one script a question, on the server's clock, so no two ever disagree.

What lies there, for readers outside the core (times are microseconds of the server's clock):
    cb:{<scope>}:<dependency>           hash: state epoch forced opened_at left_closed_at trial trial_at trial_for
    cb:{<scope>}:<dependency>:failures  sorted set: one member per failed call, scored with its time
A circuit without a hash is closed. Keys vanish when idle, except where an operator's order must not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from redis.exceptions import RedisError

from booking_core.adapters.redis import RedisLine, Script
from booking_core.resilience.breaker_store import (
    BreakerState,
    Circuit,
    Denial,
    Order,
    Permit,
    Standing,
    StoreUnavailable,
    microseconds,
)
from booking_core.resilience.failure_detector import Evidence

# Longer than any call: the epoch must survive the permits that name it.
_KEPT_SECONDS = 3600

# Every script begins with this. ARGV[1] is a test's clock; production passes nothing there.
# A stamp in the future means that the server's clock was set back: count it as run out; the worst is an early trial.
_BEGIN = """
local circuit, failures = KEYS[1], KEYS[2]
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local threshold, window, open_for, kept = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local stored = redis.call('HMGET', circuit,
  'state', 'epoch', 'forced', 'opened_at', 'left_closed_at', 'trial', 'trial_at', 'trial_for')
local state, epoch, forced, trial = stored[1] or 'closed', tonumber(stored[2] or 0), stored[3], stored[6]
local opened_at, left_closed_at = tonumber(stored[4] or now), tonumber(stored[5] or now)

local function left(since, lasting)
  if now < since or now >= since + lasting then return 0 end
  return since + lasting - now
end

local function wait()
  if state == 'closed' then return 0 end
  if forced then return open_for end
  if state == 'open' then return left(opened_at, open_for) end
  if not trial then return 0 end
  return left(tonumber(stored[7]), tonumber(stored[8]))
end

local function forget_old_failures()
  redis.call('ZREMRANGEBYSCORE', failures, '-inf', now - window)
  redis.call('ZREMRANGEBYSCORE', failures, '(' .. string.format('%.0f', now), '+inf')
end

local function enter(target)
  if target == 'closed' then redis.call('DEL', failures) end
  if state == 'closed' then left_closed_at = now end
  redis.call('DEL', circuit)
  redis.call('HSET', circuit, 'state', target, 'epoch', math.max(epoch + 1, now),
    'opened_at', now, 'left_closed_at', left_closed_at)
  redis.call('PEXPIRE', circuit, kept)
  return target
end
"""

# ARGV[6] names the call, ARGV[7] is how long it may be the trial.
_ACQUIRE = Script(
    _BEGIN
    + """
local waiting = wait()
if waiting > 0 then return {'denied', waiting} end
if state == 'closed' then return {'permitted', epoch} end
redis.call('HSET', circuit, 'state', 'half_open', 'trial', ARGV[6], 'trial_at', now, 'trial_for', ARGV[7])
redis.call('PEXPIRE', circuit, kept)
return {state == 'open' and 'half_opened' or 'trial', epoch}
"""
)

# ARGV[6] names the call, ARGV[7] is its epoch, ARGV[8] how it went.
_RECORD = Script(
    _BEGIN
    + """
if forced or tonumber(ARGV[7]) ~= epoch then return '' end
if state == 'closed' then
  if ARGV[8] ~= 'failure' then return '' end
  forget_old_failures()
  redis.call('ZADD', failures, 'NX', now, ARGV[6])
  redis.call('PEXPIRE', failures, math.ceil(window / 1000))
  return redis.call('ZCARD', failures) >= threshold and enter('open') or ''
end
if trial ~= ARGV[6] then return '' end
if ARGV[8] == 'success' then return enter('closed') end
if ARGV[8] == 'failure' then return enter('open') end
redis.call('HDEL', circuit, 'trial')
return ''
"""
)

_STANDING = Script(
    _BEGIN
    + """
local recent = redis.call('ZCOUNT', failures, '(' .. string.format('%.0f', now - window), now)
local waiting = wait()
local seen = state
if state ~= 'closed' and waiting == 0 then seen = 'half_open' end
return {seen, forced and 1 or 0, recent, now - opened_at, now - left_closed_at, waiting}
"""
)

# ARGV[6] is the order. One that holds must outlast an idle hour.
_FORCE = Script(
    _BEGIN
    + """
local target = ARGV[6] == 'open' and 'open' or 'closed'
enter(target)
if ARGV[6] ~= 'reset' then
  redis.call('HSET', circuit, 'forced', 1)
  redis.call('PERSIST', circuit)
end
return target ~= state and target or ''
"""
)


class RedisBreakerStore:
    """Nothing waits for it longer than `timeout_seconds`.

    `server_time` replaces the server's clock in tests; it returns seconds.
    """

    def __init__(
        self,
        line: RedisLine,
        *,
        timeout_seconds: float = 0.1,
        server_time: Callable[[], float] | None = None,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._line = line
        self._timeout_seconds = timeout_seconds
        self._server_time = server_time
        self._new_id = new_id

    async def acquire(self, circuit: Circuit) -> Permit | Denial:
        permit_id = self._new_id()
        answer, number = await self._run(_ACQUIRE, circuit, permit_id, microseconds(circuit.trial_seconds))
        if answer == b"denied":
            return Denial(number / 1_000_000)
        return Permit(permit_id, number, is_trial=answer != b"permitted", half_opened=answer == b"half_opened")

    async def record(self, circuit: Circuit, permit: Permit, evidence: Evidence) -> BreakerState | None:
        return _state(await self._run(_RECORD, circuit, permit.id, permit.epoch, evidence.value))

    async def standing(self, circuit: Circuit) -> Standing:
        seen, forced, failures, *ages, wait = await self._run(_STANDING, circuit)
        state = BreakerState(seen.decode())
        if state is BreakerState.CLOSED:
            return Standing(state, bool(forced), failures)
        opened, left_closed = (age / 1_000_000 for age in ages)
        return Standing(state, bool(forced), failures, opened, left_closed, wait / 1_000_000)

    async def force(self, circuit: Circuit, order: Order) -> BreakerState | None:
        return _state(await self._run(_FORCE, circuit, order.value))

    async def _run(self, script: Script, circuit: Circuit, *arguments: str | int) -> Any:
        """Run a script. Raises StoreUnavailable."""
        key = f"cb:{{{circuit.scope}}}:{circuit.dependency}"
        rules = (
            circuit.failures,
            microseconds(circuit.window_seconds),
            microseconds(circuit.open_seconds),
            round((_KEPT_SECONDS + circuit.open_seconds + circuit.trial_seconds) * 1000),
        )
        now = "" if self._server_time is None else microseconds(self._server_time())
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._line.run(script, (key, f"{key}:failures"), (now, *rules, *arguments))
        except (RedisError, OSError) as error:  # OSError: the timeout, too
            raise StoreUnavailable(f"Redis did not answer for the circuit {circuit.dependency!r}") from error


def _state(answer: bytes) -> BreakerState | None:
    return BreakerState(answer.decode()) if answer else None
