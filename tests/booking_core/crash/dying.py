"""Processes that die at a chosen moment: adapters around the ports that count every commit and every outside call.

Production code knows nothing of it. The moments are not placed by hand: whatever a flow does through its ports is one,
before and after, so a new step of the saga is a new row of the matrix by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from booking_core.app import Core, World, assemble
from booking_core.domain.errors import CommitUnknown
from booking_core.domain.ports import Stores


class Death(BaseException):
    """The process is killed here; nothing may catch it, and nothing it tries afterwards reaches the world."""


@dataclass
class Reaper:
    """Kills one process at its so-and-so-many-th moment, or the first of a name; None lets it live and only notes."""

    at: int | str | None = None
    moments: list[str] = field(default_factory=list)
    is_dead: bool = False

    def moment(self, name: str) -> None:
        if not self.is_dead:
            self.moments.append(name)
            self.is_dead = self.at in (len(self.moments), name)
        if self.is_dead:
            raise Death(name)


@dataclass(frozen=True)
class DyingDatabase:
    """Dies before a transaction, before its commit (it is rolled back) and after it (it stands)."""

    inner: Any
    reaper: Reaper

    @asynccontextmanager
    async def begin(self, scope: Any) -> AsyncIterator[Stores]:
        self.reaper.moment("before a transaction")
        async with self.inner.begin(scope) as stores:
            yield stores
            self.reaper.moment("before a commit")
        self.reaper.moment("after a commit")

    def counting(self) -> Any:
        return self.inner.counting()

    async def ping(self) -> None:
        await self.inner.ping()


@dataclass(frozen=True)
class Dying:
    """Cal.com or the mail server: dies before the request leaves and after it was done, with the answer on its way."""

    inner: Any
    reaper: Reaper

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **named: Any) -> Any:
            self.reaper.moment(f"before {name}")
            try:
                return await getattr(self.inner, name)(*arguments, **named)
            finally:
                self.reaper.moment(f"after {name}")

        return call


@dataclass
class DoubtfulDatabase:
    """Is lost in its so-and-so-many-th commit, which was done or was not."""

    inner: Any
    at: int
    was_done: bool
    commits: int = 0

    @asynccontextmanager
    async def begin(self, scope: Any) -> AsyncIterator[Stores]:
        async with self.inner.begin(scope) as stores:
            yield stores
            self.commits += 1
            is_lost = self.commits == self.at
            if is_lost and not self.was_done:
                raise CommitUnknown
        if is_lost:
            raise CommitUnknown

    def counting(self) -> Any:
        return self.inner.counting()

    async def ping(self) -> None:
        await self.inner.ping()


def a_process(world: World, reaper: Reaper) -> Core:
    """Start the core in this world; the reaper has it in sight."""
    mortal: Any = replace(
        world,
        database=DyingDatabase(world.database, reaper),
        calcom=Dying(world.calcom, reaper),
        mailer=Dying(world.mailer, reaper),
    )
    return assembled(mortal)


def assembled(world: World) -> Core:
    return assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0)


async def live(world: World, reaper: Reaper, life: Callable[[Core], Awaitable[None]]) -> bool:
    """Let a process live; return whether it came to its end unharmed. What it left running dies with it."""
    core = a_process(world, reaper)
    try:
        await life(core)
        await core.bus.drain()
    except Death:
        return False
    finally:
        await asyncio.sleep(0)  # what was just started runs into its own death
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
    return not reaper.is_dead
