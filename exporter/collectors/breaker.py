"""How the circuit to Cal.com stands: what the core's workers share in Redis, read without touching it.

The layout is described in booking_core/adapters/redis_breaker.py, which the sidecar may not import; a test drives that
adapter and compares what both see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import redis
from prometheus_client.metrics_core import Metric as Family

from exporter.collectors import Unreachable, family
from exporter.collectors.cache import client
from sla import catalogue as c

# The core's own number, which no key holds.
OPEN_SECONDS = 30.0
_FIELDS = ("state", "forced", "opened_at", "left_closed_at")
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """A circuit at one moment; a circuit without a hash is closed."""

    state: str = "closed"
    left_closed_timestamp: float = 0.0


class BreakerCollector:
    """One round trip a circuit. Says nothing when Redis is away: then each worker judges alone."""

    name = "breaker"

    def __init__(self, url: str, *, query_seconds: float) -> None:
        self._client = client(url, query_seconds=query_seconds)

    def collect(self) -> Iterator[Family]:
        try:
            readings = {name: self._read(name) for name in c.BREAKER.values}
        except redis.RedisError as error:
            raise Unreachable([]) from error
        states, opened = family(c.BREAKER_NOW), family(c.BREAKER_OPENED)
        for name, reading in readings.items():
            for state in c.BREAKER_STATES:
                states.add_metric([name, state], float(state == reading.state))
            opened.add_metric([name], reading.left_closed_timestamp)
        yield states
        yield opened

    def _read(self, name: str) -> Reading:
        # The clock after the hash: an opening seen before it happened would read as one that has run out.
        with self._client.pipeline() as questions:
            questions.hmget(f"cb:{{global}}:{name}", _FIELDS)
            questions.time()
            fields, (seconds, microseconds) = questions.execute()
        state, forced, opened_at, left_closed_at = fields
        if state in (None, "closed"):
            return Reading()
        open_for = seconds + microseconds / _MICROSECONDS - float(opened_at) / _MICROSECONDS
        # A stamp in the future means that Redis's clock was set back; the core, too, counts it as run out.
        is_waiting = state == "open" and (forced is not None or 0 <= open_for < OPEN_SECONDS)
        return Reading("open" if is_waiting else "half_open", float(left_closed_at) / _MICROSECONDS)
