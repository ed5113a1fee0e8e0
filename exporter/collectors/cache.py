"""Whether Redis answers."""

from __future__ import annotations

from collections.abc import Iterator

import redis
from prometheus_client.metrics_core import Metric as Family

from exporter.collectors import Unreachable, gauge
from sla import catalogue as c


class CacheCollector:
    """One ping a scrape."""

    name = "cache"

    def __init__(self, url: str, *, query_seconds: float) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=query_seconds, socket_connect_timeout=query_seconds)

    def collect(self) -> Iterator[Family]:
        try:
            self._client.ping()
        except redis.RedisError as error:
            raise Unreachable([gauge(c.CACHE_UP, 0)]) from error
        yield gauge(c.CACHE_UP, 1)
