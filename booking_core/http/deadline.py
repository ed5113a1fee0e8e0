"""A moment by which an answer goes out, whatever the work behind it still does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Deadline:
    """Counts from its making. `asyncio.timeout` would not do: it waits until the cancelled work has ended, and psycopg
    asks a silent server for up to five seconds whether the query may be cancelled.
    """

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    async def wait_for(self, work: Awaitable[T]) -> T:
        """Return what the work returns. When time is up, raises TimeoutError and leaves the work to end by itself.

        Work that never has to wait is always in time.
        """
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task}, timeout=max(0.0, self._ends_at - time.monotonic()))
            if not task.done():
                raise TimeoutError
            return task.result()
        finally:
            task.cancel()
            task.add_done_callback(_forget)


def _forget(task: asyncio.Future[T]) -> None:
    """Fetch what nobody waits for any more, or asyncio complains of it."""
    if not task.cancelled():
        task.exception()
