"""Cal.com's allowance: so many calls a minute for one key, shared by every process that calls with it.

Apart from the turnstile because the count has three homes: Redis for the fleet, memory for one process, and the two
combined.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

# Cal.com blocks a key that exceeded its limit for so long, where it does not say for how long.
BLOCK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many calls we grant ourselves with one key, and what the background leaves of them to live calls.

    The window is longer than Cal.com's minute by what a call may be on its way: it is counted here when it is granted
    and there when it arrives, and two that arrive within a minute must have been granted within one window.
    """

    calls: int = 110
    kept_for_live: int = 20
    window_seconds: float = 65.0

    def __post_init__(self) -> None:
        if not 0 <= self.kept_for_live < max(self.calls, 1) or self.window_seconds <= 0:
            raise ValueError(f"of {self.calls} calls {self.kept_for_live} cannot be kept for live ones")

    def limit(self, *, is_live: bool) -> int:
        return self.calls if is_live else self.calls - self.kept_for_live

    @property
    def interval_seconds(self) -> float:
        """The even distance between two calls of the background, over all processes."""
        return self.window_seconds / max(self.limit(is_live=False), 1)

    def share(self, processes: int) -> Allowance:
        """Return what one of so many processes may do by itself, so that together they stay within the whole."""
        return replace(self, calls=self.calls // processes, kept_for_live=self.kept_for_live // processes)


class AllowanceStore(Protocol):
    """Counts granted calls by key; every method is atomic and raises StoreUnavailable within a bounded time."""

    async def take(self, key: str, call: str, *, is_live: bool) -> float:
        """Grant this call and return 0, or grant nothing and return the seconds after which to ask again."""
        ...

    async def leave_alone(self, key: str, seconds: float) -> None:
        """Grant nothing for this key for so long: Cal.com has blocked it."""
        ...

    async def remember(self, key: str, ages_seconds: Mapping[str, float]) -> None:
        """Count these calls, granted so many seconds ago, unless they are counted already."""
        ...


def key_name(calcom_api_key: str) -> str:
    """Return the name under which a key is counted: the key itself belongs in no store."""
    return hashlib.sha256(calcom_api_key.encode()).hexdigest()[:32]
