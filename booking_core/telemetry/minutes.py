"""Once a minute, what this worker asked the database and the caches in it, as a log line each.

Read off the very samples that are scraped, so that counting for the log costs a booking nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from math import inf

import structlog

from booking_core.telemetry.recorder import Labels, Recorder
from sla import catalogue as c
from sla.quantile import quantile

SECONDS = 60.0
Counts = Mapping[Labels, float]

_log = structlog.get_logger()


class Minutes:
    """Tells of the time since it was last asked to."""

    def __init__(
        self,
        recorder: Recorder,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recorder = recorder
        self._sleep = sleep
        self._monotonic = monotonic
        self._looked_at = monotonic()
        self._before = self._now()

    @asynccontextmanager
    async def told(self) -> AsyncIterator[None]:
        """Tell for as long as the block lasts."""
        telling = asyncio.create_task(self._run(), name="minutes")
        try:
            yield
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    async def _run(self) -> None:
        while True:
            await self._sleep(SECONDS)
            self.tell()

    def tell(self) -> None:
        now, at = self._now(), self._monotonic()
        statements, lookups = (_since(was, each) for was, each in zip(self._before, now, strict=True))
        seconds = round(at - self._looked_at, 1)
        self._before, self._looked_at = now, at
        _log.info("statements_counted", seconds=seconds, **_statements(statements))
        _log.info("cache_lookups_counted", seconds=seconds, **_lookups(lookups))

    def _now(self) -> Sequence[Counts]:
        return [self._recorder.samples(name) for name in (f"{c.DB_QUERY_DURATION.name}_bucket", c.CACHE_REQUESTS.name)]


def _since(before: Counts, now: Counts) -> Counts:
    return {labels: count - before.get(labels, 0.0) for labels, count in now.items()}


def _statements(buckets: Counts) -> Mapping[str, float | None]:
    by_edge = {inf: 0.0}
    for labels, count in buckets.items():
        edge = float(dict(labels)["le"])
        by_edge[edge] = by_edge.get(edge, 0.0) + count
    p95 = quantile(0.95, by_edge)
    return {"queries": int(by_edge[inf]), "p95_seconds": None if p95 is None else round(p95, 4)}


def _lookups(requests: Counts) -> Mapping[str, float | None]:
    results = dict.fromkeys(c.CACHE_RESULT.values, 0)
    for labels, count in requests.items():
        results[dict(labels)["result"]] += int(count)
    lookups = sum(results.values())
    return {
        "lookups": lookups,
        "hits": results["hit"],
        "errors": results["error"],
        "hit_ratio": round(results["hit"] / lookups, 3) if lookups else None,
    }
