"""Stopping workers in the middle of their work: what they took on they finish, and nothing is lost or made twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from random import Random

import httpx
import pytest

from loadtests.drills.chaos import Chaos
from loadtests.drills.line import Line
from loadtests.drills.mishaps import Mishap, Strike
from loadtests.drills.wishes import calls, chairs, wish_of
from sla.topology import Process
from stack import ports
from stack.drills import WATCHERS
from stack.hands import ChainHands
from stack.native import Chain
from stack.processes import DEMO
from stack.run_directory import prepare, temporary
from stack.sweep import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with pytest.MonkeyPatch.context() as patch, temporary() as directory:
        patch.setenv("BOOKING_GRACE_SECONDS", "2")
        # A frozen job worker is taken for dead after 30 s and its bookings are doubted; the drill need not wait longer.
        patch.setenv("BOOKING_ABANDONED_SECONDS", "30")
        place = ports.place([], {}, free=True)
        with Chain(prepare(at=directory / "run"), place, without=WATCHERS) as chain:
            chain.start(lambda _statuses: None)
            yield chain


def line_to(chain: Chain, client: httpx.AsyncClient) -> Line:
    return Line(client, chain.place.url(Process.CORE), [DEMO.api_key])


async def order(chain: Chain, client: httpx.AsyncClient, **fault: object) -> None:
    answer = await client.post(f"{chain.place.url(Process.SIMULATOR)}/control/faults", json=fault)
    answer.raise_for_status()


async def test_sigterm_in_the_middle_of_bookings_finishes_every_one_of_them(chain):
    pid = chain.supervisor.states()["core"].pid
    wishes = [wish_of(900 + number, *chair) for number, chair in enumerate(islice(chairs(date.today()), 300, 320))]  # noqa: DTZ011
    url = chain.place.url(Process.CORE)
    headers = {"Authorization": f"Bearer {DEMO.api_key}"}

    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        await order(chain, client, fault="latency", seconds=8, delay_seconds=3.0, operation="create")
        running = [
            asyncio.create_task(client.post(f"{url}/v1/bookings", json=wish.body(), headers=headers)) for wish in wishes
        ]
        await asyncio.sleep(1.5)
        os.kill(pid, signal.SIGTERM)
        await asyncio.sleep(0.5)
        ready, alive = await client.get(f"{url}/readyz"), await client.get(f"{url}/livez")
        answers = await asyncio.gather(*running)

    assert (ready.status_code, ready.json()["status"], alive.status_code) == (503, "draining", 200)
    assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(201, "confirmed")}
    assert wait_until(lambda: chain.supervisor.states()["core"].pid not in (0, pid), seconds=25)


@pytest.mark.parametrize(
    "strikes",
    [
        [Mishap(at, Strike.RESTART, {}) for at in (4.0, 14.0)],
        [Mishap(2.0, Strike.CALCOM, {"fault": "hang", "seconds": 20.0}), Mishap(12.0, Strike.FREEZE, {})],
    ],
    ids=["rolling restart", "a job worker that stands still for 40 s"],
)
def test_under_load_nothing_is_lost_or_doubled(chain, strikes):
    # The chain keeps what another of these has booked: each has months of its own.
    today = date.today() + timedelta(days=60 * len(strikes[0].order))  # noqa: DTZ011
    planned = calls(Random(1), bookings=60, seconds=20, today=today)
    hands = ChainHands(chain, Random(1))

    async def run():
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            drill = Chaos(line_to(chain, client), chain.place.url(Process.SIMULATOR), hands, lambda _: None)
            return await drill.run(planned, strikes, settle_seconds=240)

    findings = asyncio.run(run())

    assert findings.told.get("silent", 0) == 0
    assert {name: found for name, found in findings.wrong.items() if found} == {}
