"""A salon for the doomed, how a worker recovers what they left, and when both worlds agree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prometheus_client import CollectorRegistry

from booking_core.app import Core, World
from booking_core.caching.store import Busy, Found, Lease
from booking_core.domain.models import UNSETTLED, Appointment, BookingRequest, State
from booking_core.domain.ports import EVERY_TENANT
from booking_core.telemetry.recorder import Recorder
from tests import factories
from tests.booking_core.conftest import Stage
from tests.booking_core.crash.dying import Reaper, a_process
from tests.factories import a_request, a_wish, an_id
from tests.fakes import FakeCacheStore, FakeCalcom, FakeClock, FakeDatabase, FakeMailer

# What must be left of the outside world when both have come together.
ENDS = frozenset({State.CONFIRMED, State.RELEASED, State.FAILED, State.CANCELLED, State.MOVED})
WISH = a_request(wish=a_wish(email="erika@example.org"), staff="anna")
ABANDONED = timedelta(seconds=120)

Step = Callable[[Stage, Core], Awaitable[object]]
Change = Callable[[Stage], None]


@dataclass(frozen=True)
class Flow:
    """What happens before, what the doomed process does, and what is true of it in the end.

    `is_done` tells of a caller's flow whether they have got what they asked for; a promise must lead there, a denial
    must not. `salon` is what the salon does while the worker recovers; `again` what the caller says once more.
    """

    doomed: Step
    before: Callable[[Stage], Awaitable[None]] | None = None
    is_done: Callable[[Stage], bool] | None = None
    salon: Change | None = None
    wish: BookingRequest = WISH
    again: Step | None = None


def rows(stage: Stage) -> Sequence[Appointment]:
    """Return all appointments in the order of their making."""
    return list(stage.database.rows.appointments.values())


def the_appointment(stage: Stage) -> Appointment:
    """Return the first that hangs between the worlds, or was made."""
    return next((each for each in rows(stage) if each.state in UNSETTLED), rows(stage)[0])


def stands(stage: Stage) -> bool:
    return any(each.state is State.CONFIRMED for each in rows(stage))


def is_off(stage: Stage) -> bool:
    return {each.state for each in rows(stage)} <= {State.CANCELLED, State.MOVED, State.FAILED, State.RELEASED}


async def recover(flow: Flow, stage: Stage, core: Core) -> None:
    """Do what the job worker does, until nothing is left to do."""
    for tries in range(40):
        if flow.salon is not None:
            flow.salon(stage)
        async with core.settlement.database.begin(EVERY_TENANT) as stores:
            await stores.appointments.give_up_creating(stage.clock.now() - ABANDONED)
            for tenant_id, appointment_id in await stores.appointments.unsettled(at_most=100):
                await stores.queue.settle(tenant_id, appointment_id, after_seconds=0)
        jobs, undoings = list(stage.database.rows.jobs), list(stage.database.rows.undoings)
        if not jobs and not undoings and the_ends(stage):
            return
        for job in jobs:
            if await core.settlement.settle(*job, tries=tries) is None:
                stage.database.rows.jobs.remove(job)
        for undoing in undoings:
            await core.cancellation.undo(undoing[0], undoing[1], reason=undoing[2])
            stage.database.rows.undoings.remove(undoing)
        stage.clock.advance(31)
    raise AssertionError("it never came to an end")


def the_ends(stage: Stage) -> bool:
    return all(each.state in ENDS for each in rows(stage))


def assert_worlds_agree(stage: Stage) -> None:
    """Every appointment has ended; it lives at Cal.com exactly when it is confirmed here, then, and once."""
    stored = rows(stage)
    live = [each for each in stage.calcom.live if each.made_for != an_id("stranger")]
    ours = [(each.made_for, each.booking.uid, each.start) for each in live]
    confirmed = [each for each in stored if each.state is State.CONFIRMED]
    visits = {_visit(each) for each in confirmed}

    assert the_ends(stage)
    assert sorted(ours, key=str) == sorted(((each.lineage, each.calcom_uid, each.start) for each in confirmed), key=str)
    assert len(visits) <= 1
    # Of a visit in several parts all stand, or none does; of one that was moved, one time.
    assert len(confirmed) == len({each.offering.segment for each in stored if each.visit_id in visits} or visits)


def _visit(appointment: Appointment) -> UUID:
    return appointment.visit_id or appointment.lineage


def left_behind(stage: Stage) -> object:
    """Return what is the same when two deaths have left the same world to the next process."""
    stored = stage.database.rows
    appointments = tuple((each.state, each.version, each.calcom_uid) for each in rows(stage))
    letters = tuple(sorted((kind, stored.letters[key].result or "") for key in stored.letters for kind in key[1:2]))
    calendar = tuple((each.booking.status, each.start) for each in stage.calcom.entries.values())
    return appointments, letters, calendar, len(stored.jobs), len(stored.undoings)


class LeaselessCacheStore(FakeCacheStore):
    """Nobody waits, in real time, for what one of thousands of dead was loading."""

    async def look(self, name: str) -> Found | Lease | Busy:
        self.leases.pop(name, None)
        return await super().look(name)


# Thousands of processes live and die here; making their metrics would be most of the work.
REGISTRY = CollectorRegistry()
RECORDER = Recorder(REGISTRY)


async def a_scene(flow: Flow) -> Stage:
    clock = FakeClock(factories.NOW)
    database, calcom, mailer = FakeDatabase(clock), FakeCalcom(), FakeMailer()
    factories.open_salon(database)
    world = World(database, calcom, mailer, clock, RECORDER, LeaselessCacheStore(), "pepper")
    stage = Stage(clock, database, calcom, mailer, REGISTRY, world, a_process(world, Reaper()))
    if flow.before is not None:
        await flow.before(stage)
    return stage
