"""The flows of the saga, what stands before each, how a worker recovers, and when both worlds agree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import CollectorRegistry

from booking_core.app import Core, World
from booking_core.domain.errors import CalcomOutcomeUnknown, CalcomUnavailable
from booking_core.domain.models import Appointment, State
from booking_core.domain.ports import EVERY_TENANT
from booking_core.telemetry.recorder import Recorder
from tests import factories
from tests.booking_core.conftest import Stage
from tests.booking_core.crash.dying import Reaper, a_process
from tests.factories import SALON, TEN_O_CLOCK, a_request, a_wish, an_id, an_offering, an_origin
from tests.fakes import FakeCacheStore, FakeCalcom, FakeClock, FakeDatabase, FakeMailer

# What must be left of the outside world when both have come together.
ENDS = frozenset({State.CONFIRMED, State.RELEASED, State.FAILED, State.CANCELLED})
WISH = a_request(wish=a_wish(email="erika@example.org"), staff="anna")
ABANDONED = timedelta(seconds=120)


@dataclass(frozen=True)
class Flow:
    """What happens before, what the doomed process does, and what the calendar does afterwards."""

    doomed: Callable[[Stage, Core], Awaitable[None]]
    before: Callable[[Stage], Awaitable[None]] | None = None


async def book(_stage: Stage, core: Core) -> None:
    await core.orchestrator.book(SALON, WISH, an_origin())


async def cancel(stage: Stage, core: Core) -> None:
    await core.cancellation.cancel(SALON, the_appointment(stage).id, reason="changed my mind")


async def settle(stage: Stage, core: Core) -> None:
    await core.settlement.settle(SALON.id, the_appointment(stage).id, tries=0)


async def booked(stage: Stage) -> None:
    await book(stage, stage.core)
    await stage.core.bus.drain()


async def queued(stage: Stage) -> None:
    stage.calcom.error = CalcomUnavailable()
    await booked(stage)
    stage.calcom.error = None


async def made_unseen(stage: Stage) -> None:
    answers_are_lost(stage)
    await booked(stage)
    healed(stage)


async def unknown_and_not_made(stage: Stage) -> None:
    stage.calcom.error = CalcomOutcomeUnknown()
    await booked(stage)
    stage.calcom.error = None
    for _ in range(2):
        await settle(stage, stage.core)
        stage.clock.advance(30)


async def queued_for_a_chair_that_is_taken(stage: Stage) -> None:
    await queued(stage)
    taken(stage)


async def queued_too_long(stage: Stage) -> None:
    await queued(stage)
    stage.clock.advance(timedelta(days=1).total_seconds())


async def cancelling(stage: Stage) -> None:
    await booked(stage)
    stage.calcom.error = CalcomUnavailable()
    await cancel(stage, stage.core)
    stage.calcom.error = None


async def cancelled_while_unknown(stage: Stage) -> None:
    await made_unseen(stage)
    await cancel(stage, stage.core)


def answers_are_lost(stage: Stage) -> None:
    stage.calcom.error, stage.calcom.books_unseen = CalcomOutcomeUnknown(), True


def healed(stage: Stage) -> None:
    stage.calcom.error, stage.calcom.books_unseen = None, False


def taken(stage: Stage) -> None:
    end = TEN_O_CLOCK + timedelta(minutes=30)
    stage.calcom.occupy(an_offering("anna"), TEN_O_CLOCK, end, stranger=an_id("stranger"))


def the_appointment(stage: Stage) -> Appointment:
    (appointment,) = stage.database.rows.appointments.values()
    return appointment


async def prepared(change: Callable[[Stage], None], stage: Stage) -> None:
    change(stage)


FLOWS = {
    "a booking": Flow(book),
    "a booking whose answer is lost": Flow(book, lambda stage: prepared(answers_are_lost, stage)),
    "a booking while cal.com is away": Flow(book, lambda stage: prepared(unreachable, stage)),
    "a booking of a chair that is taken": Flow(book, lambda stage: prepared(taken, stage)),
    "a job for what is queued": Flow(settle, queued),
    "a job for what was made unseen": Flow(settle, made_unseen),
    "a job for what is unknown and was not made": Flow(settle, unknown_and_not_made),
    "a job for what somebody else got": Flow(settle, queued_for_a_chair_that_is_taken),
    "a job for what waited too long": Flow(settle, queued_too_long),
    "a cancellation": Flow(cancel, booked),
    "a cancellation whose answer is lost": Flow(cancel, lambda stage: then_lost(booked, stage)),
    "a cancellation of what is queued": Flow(cancel, queued),
    "a cancellation of what may have been made": Flow(cancel, made_unseen),
    "a job for a cancellation": Flow(settle, cancelling),
    "a job for a cancellation of what may have been made": Flow(settle, cancelled_while_unknown),
}


def unreachable(stage: Stage) -> None:
    stage.calcom.error = CalcomUnavailable()


async def then_lost(before: Callable[[Stage], Awaitable[None]], stage: Stage) -> None:
    await before(stage)
    answers_are_lost(stage)


async def recover(stage: Stage, core: Core) -> None:
    """Do what the job worker does, until nothing is left to do."""
    for tries in range(40):
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
    return all(each.state in ENDS for each in stage.database.rows.appointments.values())


def assert_worlds_agree(stage: Stage) -> None:
    """Every appointment has ended, and lives at Cal.com exactly when it is confirmed here, and once."""
    rows = stage.database.rows.appointments
    ours = [(each.made_for, each.booking.uid) for each in stage.calcom.live if each.made_for != an_id("stranger")]
    confirmed = [(each.id, each.calcom_uid) for each in rows.values() if each.state is State.CONFIRMED]

    assert the_ends(stage)
    assert sorted(ours, key=str) == sorted(confirmed, key=str)
    assert len(confirmed) <= 1


# Thousands of processes live and die here; making their metrics would be most of the work.
REGISTRY = CollectorRegistry()
RECORDER = Recorder(REGISTRY)


async def a_scene(flow: Flow) -> Stage:
    clock = FakeClock(factories.NOW)
    database, calcom, mailer = FakeDatabase(clock), FakeCalcom(), FakeMailer()
    factories.open_salon(database)
    world = World(database, calcom, mailer, clock, RECORDER, FakeCacheStore(), "pepper")
    stage = Stage(clock, database, calcom, mailer, REGISTRY, world, a_process(world, Reaper()))
    if flow.before is not None:
        await flow.before(stage)
    return stage
