"""Whether Redis answers."""

from __future__ import annotations

from collections.abc import Iterator

import redis
from prometheus_client.metrics_core import Metric as Family
from redis.backoff import NoBackoff
from redis.retry import Retry

from exporter.collectors import Unreachable, gauge
from sla import catalogue as c


class CacheCollector:
    """One ping a scrape."""

    name = "cache"

    def __init__(self, url: str, *, query_seconds: float) -> None:
        self._client = client(url, query_seconds=query_seconds)

    def collect(self) -> Iterator[Family]:
        try:
            self._client.ping()
        except redis.RedisError as error:
            raise Unreachable([gauge(c.CACHE_UP, 0)]) from error
        yield gauge(c.CACHE_UP, 1)


def client(url: str, *, query_seconds: float) -> redis.Redis:
    """Return a client that gives up after `query_seconds`: the next scrape asks again, so it never does itself."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=query_seconds,
        socket_connect_timeout=query_seconds,
        retry=Retry(NoBackoff(), 0),
    )
