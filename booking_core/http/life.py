"""What a worker is at: starting, serving, or on its way out. Whoever sends it callers looks here before it ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Life:
    """One worker's. It has started once everything it cannot do without has answered."""

    has_started: bool = False
    is_draining: bool = False


@contextmanager
def drains_first(life: Life, *, grace_seconds: float) -> Iterator[None]:
    """On SIGTERM say on /readyz that no more callers should come, serve those who do a little longer, and then stop.

    To be entered in the main thread, where the server has put its own handler; that one then does the stopping:
    it accepts nobody any more and lets running requests finish.
    """
    loop, stop = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)

    def drain() -> None:
        life.is_draining = True
        if callable(stop):
            loop.call_later(grace_seconds, stop, signal.SIGTERM, None)

    loop.add_signal_handler(signal.SIGTERM, drain)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
