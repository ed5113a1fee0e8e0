"""Both kinds of orphan, a move, a stranger and a list that lags: the simulator of Cal.com beside a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from booking_core import seed
from booking_core.adapters.calcom import CalcomClient
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.app import Core, World, assemble, reconciliation
from booking_core.domain.discrepancies import Kind, Outcome
from booking_core.domain.models import Appointment, State, Tenant
from booking_core.domain.ports import EVERY_TENANT
from booking_core.services.reconciliation import Reconciliation
from booking_core.telemetry.recorder import Recorder
from loadtests.calcom_simulator.app import build
from loadtests.calcom_simulator.settings import SimulatorSettings
from tests.factories import a_request, a_wish, an_origin
from tests.fakes import FakeMailer
from tests.loadtests.calcom_simulator.desk import ANNA_HAIRCUT, FrozenClock

pytestmark = pytest.mark.integration

SALON = seed.Salon("demo", "sk_demo", "key_demo", "cal_demo")


@dataclass
class Worlds:
    """Both worlds, and what happens in them behind the core's back."""

    clock: FrozenClock
    database: PostgresDatabase
    simulator: httpx.AsyncClient
    owner_url: str
    core: Core
    reconciler: Reconciliation
    mailer: FakeMailer
    tenant: Tenant

    async def book(self, start: str) -> Appointment:
        wish = a_request(service="haircut", start=start, staff="anna", wish=a_wish(email="erika@example.org"))
        return await self.core.orchestrator.book(self.tenant, wish, an_origin())

    async def row(self, appointment: Appointment) -> Appointment:
        async with self.database.begin(self.tenant.id) as stores:
            found = await stores.appointments.find(self.tenant.id, appointment.id)
        assert found is not None
        return found

    def spoil(self, appointment: Appointment, state: State) -> None:
        """Change our row as a crash, a bug or a hand in the database would."""
        engine = create_engine(self.owner_url)
        with engine.begin() as connection:
            connection.execute(text("SELECT set_config('slotwatch.tenant', 'every', true)"))
            connection.execute(
                text("UPDATE appointments SET state = :state WHERE id = :id"),
                {"state": state.value, "id": appointment.id},
            )
        engine.dispose()

    async def control(self, path: str, **body: Any) -> Mapping[str, Any]:
        answer = await self.simulator.post(f"/control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def statuses(self) -> Mapping[str, str]:
        answer = await self.simulator.get("/control/bookings")
        return {each["uid"]: each["status"] for each in answer.json()["bookings"]}

    async def run(self) -> list[tuple[Kind, Outcome]]:
        report = await self.reconciler.run(self.tenant)
        return [(line.finding.kind, line.outcome) for line in report.lines]

    async def run_twice(self) -> list[tuple[Kind, Outcome]]:
        """Let five minutes pass, in which everything becomes old enough; run, and run again."""
        self.clock.advance(300)
        await self.run()
        self.clock.advance(300)
        return await self.run()


@pytest.fixture
async def worlds(owner_url, database_url) -> AsyncIterator[Worlds]:
    clock = FrozenClock()
    settings = SimulatorSettings(api_key=SecretStr("cal_demo"), seed=7)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as webhooks:
        transport = httpx.ASGITransport(build(settings, clock=clock, client=webhooks).app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://calcom/v2") as calcom,
            httpx.AsyncClient(transport=transport, base_url="http://calcom") as simulator,
        ):
            client = CalcomClient(calcom)
            seed.seed(owner_url, SALON, await client.event_types(SALON.as_tenant()))
            database, mailer = PostgresDatabase(database_url), FakeMailer()
            world = World(database, client, mailer, clock, Recorder(CollectorRegistry()))
            core = assemble(
                world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0
            )
            reconciler = reconciliation(world, core, stuck_seconds=900, changes_a_day=20)
            async with database.begin(EVERY_TENANT) as stores:
                (tenant,) = await stores.tenants.every()
            yield Worlds(clock, database, simulator, owner_url, core, reconciler, mailer, tenant)
            await core.bus.drain()
            await database.close()


async def test_an_orphan_there_is_cancelled_there(worlds):
    kept, orphan = await worlds.book("2026-11-24T10:00"), await worlds.book("2026-11-24T11:00")
    worlds.spoil(orphan, State.FAILED)

    assert await worlds.run_twice() == [(Kind.ORPHAN_THERE, Outcome.CANCELLED_THERE)]

    assert await worlds.statuses() == {kept.calcom_uid: "accepted", orphan.calcom_uid: "cancelled"}
    worlds.clock.advance(300)
    assert await worlds.run() == []


async def test_an_orphan_here_ends_here_and_its_customer_hears_of_it_once(worlds):
    kept, orphan = await worlds.book("2026-11-24T10:00"), await worlds.book("2026-11-24T11:00")
    await worlds.core.bus.drain()
    worlds.mailer.letters.clear()
    await worlds.control("cancel", uid=orphan.calcom_uid)

    assert await worlds.run_twice() == [(Kind.ORPHAN_HERE, Outcome.CANCELLED_HERE)]

    worlds.clock.advance(300)
    assert await worlds.run() == []
    await worlds.core.bus.drain()
    assert [(await worlds.row(each)).state for each in (kept, orphan)] == [State.CONFIRMED, State.CANCELLED]
    assert [letter.message_id.partition(".")[0] for letter in worlds.mailer.letters] == [f"<{orphan.id}"]


async def test_what_the_salon_moved_there_moves_here(worlds):
    appointment = await worlds.book("2026-11-24T10:00")
    later = appointment.start + timedelta(hours=2)
    moved = await worlds.reconciler.worlds.calcom.reschedule(
        worlds.tenant, appointment.calcom_uid, later, reason="by hand"
    )

    assert await worlds.run_twice() == [(Kind.MISMATCH, Outcome.ADOPTED)]

    now = await worlds.row(appointment)
    assert (now.start, now.calcom_uid, now.state) == (later, moved.uid, State.CONFIRMED)
    worlds.clock.advance(300)
    assert await worlds.run() == []


async def test_what_vanished_there_is_in_doubt_here_and_a_job_goes_on(worlds):
    appointment = await worlds.book("2026-11-24T10:00")
    await worlds.control("reset")

    assert await worlds.run_twice() == [(Kind.ORPHAN_HERE, Outcome.MAKING_AGAIN)]

    assert (await worlds.row(appointment)).state is State.UNKNOWN
    assert waiting(worlds.owner_url) == [appointment.id]


async def test_strangers_are_never_touched_and_their_times_are_known_as_taken(worlds):
    await worlds.control("book", event_type=ANNA_HAIRCUT, start="2026-11-24T09:00:00Z")

    assert await worlds.run_twice() == []

    assert list((await worlds.statuses()).values()) == ["accepted"]
    day = datetime(2026, 11, 24, tzinfo=UTC)
    async with worlds.database.begin(worlds.tenant.id) as stores:
        offerings = await stores.services.offerings(worlds.tenant.id, "haircut")
        (anna,) = [each.staff_id for each in offerings if each.staff_slug == "anna"]
        taken = await stores.calcom_bookings.taken(worlds.tenant.id, [anna], day, day + timedelta(days=1))
    assert [(staff, start.hour) for staff, start, _end in taken] == [(anna, 9)]


async def test_lists_that_lag_lead_to_no_action(worlds):
    await worlds.control("faults", fault="read_lag", delay_seconds=300, seconds=86400, operation="list")
    appointment = await worlds.book("2026-11-24T10:00")

    seen = []
    for _ in range(4):
        worlds.clock.advance(70)
        seen += await worlds.run()

    assert set(seen) <= {(Kind.ORPHAN_HERE, Outcome.WAITING), (Kind.ORPHAN_HERE, Outcome.GONE)}
    assert (Kind.ORPHAN_HERE, Outcome.GONE) in seen
    assert (await worlds.row(appointment)).state is State.CONFIRMED
    assert await worlds.statuses() == {appointment.calcom_uid: "accepted"}


def waiting(url: str) -> list[UUID]:
    engine = create_engine(url)
    with engine.connect() as connection:
        jobs = connection.execute(text("SELECT args FROM procrastinate_jobs WHERE status = 'todo'")).scalars().all()
    engine.dispose()
    return [UUID(job["appointment_id"]) for job in jobs]
