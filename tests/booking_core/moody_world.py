"""A world for the state machine: a Cal.com that has moods, and processes that die."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from booking_core.app import assemble
from booking_core.domain.errors import BookingError, CalcomOutcomeUnknown, CalcomRejected, CalcomUnavailable, SlotTaken
from booking_core.domain.models import Appointment, Tenant
from booking_core.domain.ports import CalcomBooking, Scope
from tests.booking_core.conftest import Stage, a_stage
from tests.factories import open_salon
from tests.fakes import FakeCalcom, FakeDatabase

MOODS = ["well", "away", "silent", "loses the answer", "refuses", "kills before", "kills after"]
LAG = timedelta(seconds=30)


class Killed(BaseException):
    """The process is gone."""


class Moody(FakeCalcom):
    """Answers the next write as it is in the mood to; its lists show a booking half a minute late."""

    now: Callable[[], datetime]

    def __init__(self) -> None:
        super().__init__()
        self.mood = "well"
        self.shown_from: dict[str, datetime] = {}

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        return await self._moodily(super().create(tenant, appointment), SlotTaken())

    async def reschedule(self, tenant: Tenant, uid: str, start: datetime, *, reason: str) -> CalcomBooking:
        return await self._moodily(super().reschedule(tenant, uid, start, reason=reason), SlotTaken())

    async def cancel(self, tenant: Tenant, uid: str, *, reason: str) -> None:
        await self._moodily(super().cancel(tenant, uid, reason=reason), CalcomRejected("it is kept"))

    async def find(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking | None:
        self._reachable()
        found = await super().find(tenant, appointment)
        return found if found and self.now() >= self.shown_from[found.uid] else None

    async def get(self, tenant: Tenant, uid: str) -> CalcomBooking | None:
        self._reachable()
        return await super().get(tenant, uid)

    def _reachable(self) -> None:
        if self.mood == "away":
            raise CalcomUnavailable

    async def _moodily(self, work: Coroutine[Any, Any, Any], refusal: BookingError) -> Any:
        mood = self.mood
        if mood in {"away", "silent", "refuses", "kills before"}:
            work.close()
            raise {"away": CalcomUnavailable, "silent": CalcomOutcomeUnknown, "refuses": lambda: refusal}.get(
                mood, Killed
            )()
        done = await work
        if isinstance(done, CalcomBooking):
            self.shown_from[done.uid] = self.now() + LAG
        if mood == "loses the answer":
            raise CalcomOutcomeUnknown
        if mood == "kills after":
            raise Killed
        return done


@dataclass
class Mortal:
    """A database whose client may die right after a commit."""

    database: FakeDatabase
    dies_after: int | None = None

    @asynccontextmanager
    async def begin(self, scope: Scope) -> AsyncIterator[Any]:
        async with self.database.begin(scope) as stores:
            yield stores
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after == 0:
                self.dies_after = None
                raise Killed

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)


async def at_once(_seconds: float) -> None:
    """Nobody else is at work while somebody waits."""


def mortal_stage() -> Stage:
    """Return the core with a calendar that has moods, on a database whose clients die."""
    calcom = Moody()
    stage = a_stage(calcom=calcom)
    open_salon(stage.database, "anna", "ben")
    calcom.now = stage.clock.now
    world = replace(stage.world, database=Mortal(stage.database))
    core = assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0)
    making = replace(core.orchestrator.making, sleep=at_once)
    orchestrator, rescheduling = replace(core.orchestrator, making=making), replace(core.rescheduling, making=making)
    return replace(stage, world=world, core=replace(core, orchestrator=orchestrator, rescheduling=rescheduling))
