"""Real processes, killed with SIGKILL at each of their moments, between a real PostgreSQL and Cal.com's simulator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg
import pytest
from prometheus_client import CollectorRegistry

from booking_core import seed
from booking_core.adapters.calcom import CalcomClient
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.app import Core, World, assemble
from booking_core.domain.models import Appointment, State, Tenant
from booking_core.domain.ports import EVERY_TENANT
from booking_core.telemetry.recorder import Recorder
from tests.factories import a_request, an_origin
from tests.fakes import FakeClock, FakeMailer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[3]
SALON = seed.Salon("demo", "sk_demo", "key_demo", "cal_demo")
MOST_MOMENTS = 40


@pytest.fixture
def calcom_url() -> Iterator[str]:
    command = [sys.executable, "-m", "loadtests.calcom_simulator"]
    environment = os.environ | {"SIMULATOR_PORT": "0"}
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = json.loads(process.stderr.readline())["port"]
    with process.stderr:
        yield f"http://127.0.0.1:{port}"
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def victims() -> Iterator[subprocess.Popen[str]]:
    """What forks the doomed."""
    command = [sys.executable, "-m", "tests.booking_core.crash.victim"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        yield process


@dataclass
class Scene:
    """Both worlds, and a core that nobody kills; its clock is an hour ahead, so that every doubt is old."""

    database_url: str
    database: PostgresDatabase
    owner_url: str
    http: httpx.AsyncClient
    core: Core
    tenant: Tenant
    victims: subprocess.Popen[str]

    def start(self, number: int) -> str:
        """Return the start of a chair of its own: next week's working days, half an hour each."""
        monday = datetime.now(UTC) + timedelta(days=14 - datetime.now(UTC).weekday())
        day, slot = divmod(number, 16)
        moment = monday.replace(hour=9, minute=0) + timedelta(days=day, minutes=30 * slot)
        return moment.strftime("%Y-%m-%dT%H:%M")

    async def book(self, number: int) -> Appointment:
        wish = a_request(start=self.start(number), staff="anna")
        return await self.core.orchestrator.book(self.tenant, wish, an_origin())

    def doomed(
        self,
        at: int | str | None,
        *,
        number: int = 0,
        cancels: Appointment | None = None,
        moves: Appointment | None = None,
        works: bool = False,
    ) -> bool:
        """Run a process that dies at this moment; return whether it came through."""
        order = {
            "calcom_url": str(self.http.base_url.join("/v2")),
            "database_url": self.database_url,
            "at": at,
            "start": self.start(number),
            "cancels": str(cancels.id) if cancels else None,
            "moves": str(moves.id) if moves else None,
            "works": works,
        }
        assert self.victims.stdin is not None
        assert self.victims.stdout is not None
        self.victims.stdin.write(json.dumps(order) + "\n")
        code = int(self.victims.stdout.readline())
        assert code in (0, -signal.SIGKILL)
        return code == 0

    async def recover(self) -> None:
        """Do what the job worker does, until nothing hangs between the worlds."""
        for tries in range(10):
            async with self.database.begin(EVERY_TENANT) as stores:
                await stores.appointments.give_up_creating(datetime.now(UTC) + timedelta(minutes=1))
                left = await stores.appointments.unsettled(at_most=100)
            if not left:
                return
            for tenant_id, appointment_id in left:
                await self.core.settlement.settle(tenant_id, appointment_id, tries=tries)
        raise AssertionError(f"{len(left)} never came to an end")

    @asynccontextmanager
    async def throttled(self) -> AsyncIterator[None]:
        """Let Cal.com take nothing meanwhile."""
        (await self.http.post("/control/faults", json={"fault": "rate_limit", "seconds": 60})).raise_for_status()
        yield
        (await self.http.delete("/control/faults")).raise_for_status()

    def later(self) -> None:
        """Let the time come of every job, and let the worker that held one be missed."""
        self.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
        self.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'")

    def execute(self, statement: LiteralString) -> list[Any]:
        with psycopg.connect(self.owner_url.replace("postgresql+psycopg://", "postgresql://")) as connection:
            answer = connection.execute(statement)
            return answer.fetchall() if answer.description else []

    def rows(self) -> dict[str, tuple[str, str | None]]:
        found = self.execute("SELECT lineage::text, state, calcom_uid FROM appointments WHERE state <> 'moved'")
        return {row[0]: (row[1], row[2]) for row in found}

    async def live(self) -> list[tuple[str, str]]:
        answer = await self.http.get("/control/bookings")
        bookings: list[dict[str, Any]] = answer.json()["bookings"]
        return [(each["metadata"]["bc_booking"], each["uid"]) for each in bookings if each["status"] == "accepted"]


@pytest.fixture
async def scene(owner_url, database_url, calcom_url, victims) -> AsyncIterator[Scene]:
    async with (
        httpx.AsyncClient(base_url=f"{calcom_url}/v2", trust_env=False) as calcom,
        httpx.AsyncClient(base_url=calcom_url, trust_env=False) as http,
    ):
        client, database = CalcomClient(calcom), PostgresDatabase(database_url)
        seed.seed(owner_url, SALON, await client.event_types(SALON.as_tenant()))
        clock = FakeClock(datetime.now(UTC) + timedelta(hours=1))
        world = World(database, client, FakeMailer(), clock, Recorder(CollectorRegistry()))
        core = assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0)
        async with database.begin(EVERY_TENANT) as stores:
            (tenant,) = await stores.tenants.every()
        yield Scene(database_url, database, owner_url, http, core, tenant, victims)
        await core.bus.drain()
        await database.close()


def assert_worlds_agree(rows: dict[str, tuple[str, str | None]], live: list[tuple[str, str | None]]) -> None:
    assert {state for state, _ in rows.values()} <= {"confirmed", "cancelled", "failed", "released"}
    confirmed = [(booking, uid) for booking, (state, uid) in rows.items() if state == "confirmed"]
    assert sorted(live, key=str) == sorted(confirmed, key=str)


async def test_a_process_killed_at_any_moment_of_a_booking_leaves_what_the_next_one_finishes(scene):
    for at in range(1, MOST_MOMENTS):
        if scene.doomed(at, number=at):
            break
    await scene.recover()

    assert 8 < at < MOST_MOMENTS - 1
    assert_worlds_agree(scene.rows(), await scene.live())
    # Whoever rings again has one appointment; those whose first process died early get theirs now.
    for number in range(1, at + 1):
        assert (await scene.book(number)).state is State.CONFIRMED
    assert len(await scene.live()) == at
    assert_worlds_agree(scene.rows(), await scene.live())


async def test_a_process_killed_at_any_moment_of_a_cancellation_leaves_what_the_next_one_finishes(scene):
    off = []
    for at in range(1, MOST_MOMENTS):
        appointment = await scene.book(at)
        off.append(appointment)
        if scene.doomed(at, cancels=appointment):
            break
    await scene.recover()

    assert 5 < at < MOST_MOMENTS - 1
    assert_worlds_agree(scene.rows(), await scene.live())
    states = [scene.rows()[str(each.id)][0] for each in off]
    # Killed before it was noted, nobody has heard of it; once noted it is carried out, whoever dies.
    noted = states.index("cancelled")
    assert states == ["confirmed"] * noted + ["cancelled"] * (at - noted)


async def test_a_process_killed_at_any_moment_of_a_move_leaves_one_time_and_the_same_move_ends_it(scene):
    moved = []
    for at in range(1, MOST_MOMENTS):
        appointment = await scene.book(2 * at)
        moved.append(appointment)
        if scene.doomed(at, number=2 * at + 1, moves=appointment):
            break
    await scene.recover()

    assert 8 < at < MOST_MOMENTS - 1
    standing = scene.execute("SELECT lineage::text, calcom_uid FROM appointments WHERE state = 'confirmed'")
    assert sorted(await scene.live()) == sorted(standing)
    for number, appointment in enumerate(moved, start=1):
        start = scene.start(2 * number + 1)
        again = await scene.core.rescheduling.move(scene.tenant, appointment.id, start, an_origin())
        assert (again.state, again.lineage) == (State.CONFIRMED, appointment.id)
    assert len(await scene.live()) == at
    assert_worlds_agree(scene.rows(), await scene.live())


@pytest.mark.parametrize("call", ["create", "reschedule", "cancel"])
async def test_a_job_s_process_killed_between_cal_com_s_answer_and_its_commit_is_finished_by_the_next(scene, call):
    if call == "create":
        async with scene.throttled():
            waiting = await scene.book(0)
    else:
        waiting = await scene.book(0)
        async with scene.throttled():
            if call == "cancel":
                await scene.core.cancellation.cancel(scene.tenant, waiting.id, reason="ill")
            else:
                await scene.core.rescheduling.move(scene.tenant, waiting.id, scene.start(1), an_origin())
    before, there = scene.execute("SELECT state FROM appointments ORDER BY created_at"), await scene.live()
    scene.later()

    assert not scene.doomed(f"after {call}", works=True)

    # Cal.com has done it, and nobody has written that down; its job looks as if it were at work.
    assert await scene.live() != there
    assert scene.execute("SELECT state FROM appointments ORDER BY created_at") == (
        before if call == "cancel" else [*before[:-1], ("creating",)]
    )
    assert scene.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == [(1,)]

    scene.later()
    assert scene.doomed(None, works=True)

    assert scene.execute("SELECT count(*) FROM procrastinate_jobs") == [(0,)]
    assert [state for state, _ in scene.rows().values()] == ["cancelled" if call == "cancel" else "confirmed"]
    assert_worlds_agree(scene.rows(), await scene.live())
