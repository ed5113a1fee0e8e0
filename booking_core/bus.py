"""Delivers events to the listeners of booking_core/listeners.py: after the commit, isolated from one another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from booking_core.domain.events import ALL, Event

# A plain function runs before the caller gets its answer; a coroutine function runs behind it.
Listener = Callable[[Any], Awaitable[None] | None]
ListenerTable = Mapping[type[Event], Sequence[Listener]]

_log = structlog.get_logger()


def _nobody(event: Event) -> None: ...


class Bus:
    """Publishes events; a listener that raises is logged and reported, and touches neither booking nor siblings."""

    def __init__(
        self,
        listeners: ListenerTable,
        *,
        published: Callable[[Event], None] = _nobody,
        listener_failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        forgotten = [event.__name__ for event in ALL if event not in listeners]
        if forgotten:
            raise ValueError(
                f"no entry in the listener table for {', '.join(forgotten)}; add one, if only an empty one"
            )
        self._listeners = listeners
        self._published = published
        self._listener_failed = listener_failed
        self._running: set[asyncio.Task[None]] = set()

    def publish(self, event: Event) -> None:
        """Deliver in table order; raises KeyError for an event the table does not know."""
        self._published(event)
        for listener in self._listeners[type(event)]:
            try:
                later = listener(event)
            except Exception:  # noqa: BLE001 - a listener must not undo the booking
                self._report(listener, event)
                continue
            if later is not None:
                self._run_behind(later, listener, event)

    async def drain(self) -> None:
        """Wait for what still runs behind the answers."""
        while self._running:
            await asyncio.gather(*self._running)

    def _run_behind(self, work: Awaitable[None], listener: Listener, event: Event) -> None:
        task = asyncio.ensure_future(self._finish(work, listener, event))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _finish(self, work: Awaitable[None], listener: Listener, event: Event) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - as in publish
            self._report(listener, event)

    def _report(self, listener: Listener, event: Event) -> None:
        name = listener.__name__
        self._listener_failed(name)
        _log.exception("listener_failed", listener=name, event_name=type(event).__name__)
