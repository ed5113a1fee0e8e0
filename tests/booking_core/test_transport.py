"""A function call that the network repeats has one effect and one answer."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from booking_core.adapters import retell
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.app import Core, World, assemble, web
from booking_core.domain.errors import AppointmentDatabaseError, BookingError, CalcomUnavailable, SlotTaken
from booking_core.domain.models import Appointment, Tenant
from booking_core.domain.ports import CalcomBooking
from booking_core.http.retell_call import Call
from booking_core.services.repeats import Repeats
from booking_core.telemetry.recorder import Recorder
from tests.booking_core.conftest import Stage, a_stage
from tests.contracts.rows import fill
from tests.factories import NOW, SALON, TEN_O_CLOCK_LOCAL
from tests.fakes import FakeCalcom, FakeClock, FakeMailer

FUNCTIONS = f"/v1/retell/{SALON.token}/functions"
BOOKING = {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Erika"}
AGREED = [{"role": "agent", "content": "Shall I book it?"}, {"role": "user", "content": "Yes, please."}]


def invocation(tool_call_id: str, name: str = "book_appointment") -> dict[str, str]:
    return {"role": "tool_call_invocation", "tool_call_id": tool_call_id, "name": name, "arguments": "{}"}


def result(tool_call_id: str) -> dict[str, str]:
    return {"role": "tool_call_result", "tool_call_id": tool_call_id, "content": "{}"}


async def call(client: httpx.AsyncClient, args: dict[str, Any] = BOOKING, *, so_far: list[dict[str, str]]):
    """Send a function call whose transcript ends as given."""
    about = {"call_id": "call-1", "from_number": "+4930901820", "transcript_with_tool_calls": AGREED + so_far}
    body = json.dumps({"name": "book_appointment", "args": args, "call": about}).encode()
    signature = retell.sign(body, SALON.retell_api_key, now=NOW)
    answer = await client.post(FUNCTIONS, content=body, headers={retell.HEADER: signature})
    assert answer.status_code == 200
    return answer.json()


class SlowCalcom(FakeCalcom):
    """Lets others go on before it answers."""

    pauses = 0

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        for _ in range(self.pauses):
            await asyncio.sleep(0)
        return await super().create(tenant, appointment)


async def yield_once(_seconds: float) -> None:
    await asyncio.sleep(0)


def impatient(stage: Stage, calcom: FakeCalcom) -> Stage:
    """Let every wait be as short as can be, and Cal.com another."""
    world = replace(stage.world, calcom=calcom)
    core = assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0)
    repeats = Repeats(stage.database, stage.clock, sleep=yield_once)
    making = replace(core.orchestrator.making, sleep=yield_once)
    core = replace(core, repeats=repeats, orchestrator=replace(core.orchestrator, making=making))
    return replace(stage, world=world, core=core, calcom=calcom)


@settings(max_examples=40, deadline=None)
@given(
    delays=st.lists(st.integers(0, 12), min_size=2, max_size=8),
    pauses=st.integers(0, 12),
    error=st.sampled_from([None, SlotTaken(), CalcomUnavailable()]),
)
async def test_parallel_copies_of_one_call_are_one_booking_and_one_answer(delays, pauses, error: BookingError | None):
    calcom = SlowCalcom()
    calcom.pauses, calcom.error = pauses, error
    stage = impatient(a_stage(), calcom)

    async def copy(delay: int) -> dict[str, Any]:
        for _ in range(delay):
            await asyncio.sleep(0)
        return await call(client, so_far=[invocation("tool-1")])

    async with stage.client() as client:
        first, *others = await asyncio.gather(*map(copy, delays))

    assert others == [first] * len(others)
    assert len(stage.database.rows.appointments) == 1
    assert len(calcom.created) == (error is None)


async def test_a_late_copy_does_not_book_again_what_was_cancelled_since(stage):
    async with stage.client() as client:
        first = await call(client, so_far=[invocation("tool-1")])
        (booked,) = stage.database.rows.appointments.values()
        await client.post(
            f"/v1/bookings/{booked.id}/cancel",
            json={"reason": "ill"},
            headers={"Authorization": "Bearer sk_test"},
        )
        late = await call(client, so_far=[invocation("tool-1")])

    assert late == first
    assert len(stage.calcom.created) == 1


async def test_the_agent_may_book_again_what_was_cancelled_since(stage):
    async with stage.client() as client:
        await call(client, so_far=[invocation("tool-1")])
        (booked,) = stage.database.rows.appointments.values()
        await client.post(
            f"/v1/bookings/{booked.id}/cancel",
            json={"reason": "ill"},
            headers={"Authorization": "Bearer sk_test"},
        )
        again = await call(client, so_far=[invocation("tool-1"), result("tool-1"), invocation("tool-2")])

    assert again["status"] == "confirmed"
    assert again["appointment_id"] != str(booked.id)


async def test_what_was_queued_is_asked_anew(stage):
    stage.calcom.error = CalcomUnavailable()
    async with stage.client() as client:
        queued = await call(client, so_far=[invocation("tool-1")])
        stage.calcom.error = None
        (waiting,) = stage.database.rows.appointments.values()
        await stage.core.settlement.settle(SALON.id, waiting.id, tries=0)
        again = await call(client, so_far=[invocation("tool-1")])

    assert (queued["status"], again["status"]) == ("queued", "confirmed")
    assert again["appointment_id"] == queued["appointment_id"]


async def test_a_copy_is_told_to_wait_when_the_original_takes_too_long():
    calcom = SlowCalcom()
    calcom.pauses = 10_000
    stage = impatient(a_stage(), calcom)
    async with stage.client() as client:
        original = asyncio.ensure_future(call(client, so_far=[invocation("tool-1")]))
        await asyncio.sleep(0)
        copy = await call(client, so_far=[invocation("tool-1")])
        answer = await original

    assert (copy["status"], copy["reason"]) == ("refused", "request_in_flight")
    assert "still waiting" in copy["say"]
    assert answer["status"] == "confirmed"


async def test_a_database_that_is_away_is_said_and_counted_as_without_the_key(stage):
    async with stage.client() as client:
        await call(client, so_far=[invocation("tool-1")])
        stage.database.down = True
        answer = await call(client, BOOKING | {"start": "2026-12-02T12:00"}, so_far=[invocation("tool-2")])

    assert (answer["status"], answer["reason"]) == ("failed", AppointmentDatabaseError.reason)
    labels = {"outcome": "failed", "reason": "database_unavailable", "channel": "voice", "traffic": "real"}
    assert stage.count("booking_attempts_total", **labels) == 1


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (None, None),
        ("agent: hello", None),
        ([], None),
        (AGREED, None),
        ([*AGREED, invocation("a")], "a"),
        ([invocation("a"), result("a"), invocation("b")], "b"),
        ([invocation("a"), result("a")], None),
        # Two functions at a time: the other one has its result already.
        ([invocation("a"), invocation("b", "check_availability"), result("b")], "a"),
        ([invocation("a", "check_availability")], None),
        ([{"role": "tool_call_invocation", "name": "book_appointment"}], None),
        ([{"role": "tool_call_invocation", "name": "book_appointment", "tool_call_id": 7}], None),
        (["nonsense", None, invocation("a")], "a"),
    ],
)
def test_an_invocation_is_known_by_its_id_until_it_has_its_result(told, found):
    assert Call(call_id="call-1", transcript_with_tool_calls=told).tool_call_id("book_appointment") == found


@pytest.fixture
async def real(database_url, owner_url):
    """The core on the real database; only Cal.com is played."""
    fill(owner_url)
    database = PostgresDatabase(database_url)
    world = World(database, FakeCalcom(), FakeMailer(), FakeClock(NOW), Recorder(CollectorRegistry()))
    core = assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0)
    yield world, core
    await core.bus.drain()
    await database.close()


@pytest.mark.integration
async def test_parallel_copies_are_one_booking_and_one_answer_on_postgresql_as_well(real: tuple[World, Core]):
    world, core = real
    app = web(world, core, body_limit_bytes=1024 * 1024, prompt_v2_percent=0)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://core") as client:
        copies = [call(client, so_far=[invocation("tool-1")]) for _ in range(8)]
        first, *others = await asyncio.gather(*copies)

    assert first["status"] == "confirmed"
    assert others == [first] * 7
    assert isinstance(world.calcom, FakeCalcom)
    assert len(world.calcom.created) == 1
