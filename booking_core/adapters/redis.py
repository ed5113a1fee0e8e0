"""Redis. Losing it makes the core slower, never wrong: readiness reports it and does not fail with it."""

from __future__ import annotations

import redis.asyncio


class Redis:
    """One pool of connections per process; nothing waits for it longer than `timeout_seconds`."""

    def __init__(self, url: str, *, timeout_seconds: float = 0.1) -> None:
        self._client = redis.asyncio.Redis.from_url(
            url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds
        )

    async def ping(self) -> None:
        await self._client.ping()

    async def close(self) -> None:
        await self._client.aclose()
