"""Trying again without booking twice.

A loop of our own, not a library's: ladders of exactly 1, 2, 4 s are the easy part of stamina, but a look-up between
two tries, a doubt that outlives later errors and a deadline handed to each try do not fit it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from booking_core.domain.errors import BookingError, CalcomOutcomeUnknown, CalcomRateLimited
from booking_core.resilience.failure_detector import Again, Executed, judge

T = TypeVar("T")

# Both are given the seconds they may take, and keep to them.
Attempt = Callable[[float], Awaitable[T]]
LookUp = Callable[[float], Awaitable[T | None]]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait before each further try, and when to stop altogether.

    No try begins with less than `least_seconds` left: cut off in the middle, it would only leave an unknown outcome.
    A rate limit whose reset is further away than `longest_wait_seconds` ends the ladder: whoever runs it waits better.
    """

    delays_seconds: tuple[float, ...]
    deadline_seconds: float
    longest_wait_seconds: float
    least_seconds: float = 1.0


# A caller is on the phone: one try, one short retry, then "we will confirm".
IN_CALL = RetryPolicy(delays_seconds=(0.25,), deadline_seconds=8.0, longest_wait_seconds=0.5)
# Four tries of 20 s and the ladder fit. Cal.com's block of 60 s is waited for in the queue: a worker that slept through
# it would hold up every other salon.
BACKGROUND = RetryPolicy(delays_seconds=(1.0, 2.0, 4.0), deadline_seconds=90.0, longest_wait_seconds=5.0)


@dataclass(frozen=True, slots=True)
class Retried:
    """A try failed and another will follow."""

    number: int
    wait_seconds: float
    error: Exception


class Retry:
    """Runs an attempt until it succeeds, cannot succeed, or time is up. Neither sleeps nor reads a clock by itself."""

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        retried: Callable[[Retried], None] = lambda _: None,
    ) -> None:
        self._policy = policy
        self._sleep = sleep
        self._monotonic = monotonic
        self._retried = retried

    async def run(self, attempt: Attempt[T], *, look_up: LookUp[T] | None = None) -> T:
        """Return what the attempt, or the look-up after a doubtful one, found. Raises the last error.

        Once a try may have been executed, only success or CalcomOutcomeUnknown can come out: a later "not reachable"
        or "slot taken" says nothing about the first try, and may be our own booking speaking. Without a `look_up` a
        doubtful try is not repeated.
        """
        ends = self._monotonic() + self._policy.deadline_seconds
        delays = iter(self._policy.delays_seconds)
        in_doubt = False
        for number in itertools.count(1):
            try:
                return await self._attempt(attempt, look_up if in_doubt else None, ends)
            except (BookingError, TimeoutError) as error:
                failure: Exception = error
            in_doubt = in_doubt or judge(failure).executed is Executed.UNKNOWN
            wait = self._wait(next(delays, None), failure, ends)
            if wait is None or (in_doubt and look_up is None):
                break
            self._retried(Retried(number, wait, failure))
            await self._sleep(wait)
        if in_doubt:
            return await self._settle(failure, look_up, ends)
        raise failure

    async def _attempt(self, attempt: Attempt[T], look_up: LookUp[T] | None, ends: float) -> T:
        if look_up is not None:
            found = await look_up(self._left(ends))
            if found is not None:
                return found
            if self._left(ends) < self._policy.least_seconds:
                raise CalcomOutcomeUnknown
        return await attempt(self._left(ends))

    def _wait(self, delay: float | None, error: Exception, ends: float) -> float | None:
        """Return how long to wait for another try; None when there is none, or none that could end in time."""
        if delay is None or judge(error).retry not in (Again.NOW, Again.AFTER_LOOKUP):
            return None
        reset = error.retry_after_seconds if isinstance(error, CalcomRateLimited) else None
        wait = max(delay, reset or 0.0)
        if wait > self._policy.longest_wait_seconds or wait + self._policy.least_seconds > self._left(ends):
            return None
        return wait

    async def _settle(self, error: Exception, look_up: LookUp[T] | None, ends: float) -> T:
        """Look a last time, if time allows, before calling the outcome unknown."""
        if look_up is not None and self._left(ends) >= self._policy.least_seconds:
            with contextlib.suppress(BookingError, TimeoutError):
                found = await look_up(self._left(ends))
                if found is not None:
                    return found
        raise CalcomOutcomeUnknown from error

    def _left(self, ends: float) -> float:
        return ends - self._monotonic()
