"""`python -m tests.booking_core.crash.victim`: real processes that kill themselves with SIGKILL at a chosen moment.

For each line of its input, a JSON object, it forks one: where both worlds are, what to do, and at which moment to die,
a number or a name. That one books, moves or cancels as one of HTTP does, or works off what is due as a job worker does;
a line of the output says with which code it ended. Forked, for the imports alone take longer than a booking.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import procrastinate
from prometheus_client import CollectorRegistry

from booking_core.adapters.calcom import CalcomClient
from booking_core.adapters.clock import SystemClock
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.adapters.postgres.queue import SETTLE
from booking_core.app import Core, World
from booking_core.domain.ports import EVERY_TENANT
from booking_core.durable import Durable
from booking_core.jobs import Jobs
from booking_core.telemetry.recorder import Recorder
from tests.booking_core.crash.dying import Reaper, a_process
from tests.factories import a_request, an_origin
from tests.fakes import FakeMailer


@dataclass
class Sword(Reaper):
    """Dies for real."""

    def moment(self, name: str) -> None:
        self.moments.append(name)
        if self.at in (len(self.moments), name):
            os.kill(os.getpid(), signal.SIGKILL)


async def main(order: dict[str, Any]) -> None:
    async with httpx.AsyncClient(base_url=order["calcom_url"], trust_env=False) as client:
        database = PostgresDatabase(order["database_url"])
        world = World(database, CalcomClient(client), FakeMailer(), SystemClock(), Recorder(CollectorRegistry()))
        async with database.begin(EVERY_TENANT) as stores:
            (tenant,) = await stores.tenants.every()
        core = a_process(world, Sword(order["at"]))
        if order["works"]:
            await work(world, core, order["database_url"])
        elif order["cancels"]:
            await core.cancellation.cancel(tenant, UUID(order["cancels"]), reason="changed my mind")
        elif order["moves"]:
            await core.rescheduling.move(tenant, UUID(order["moves"]), order["start"], an_origin())
        else:
            await core.orchestrator.book(tenant, a_request(start=order["start"], staff="anna"), an_origin())
        await core.bus.drain()
        await database.close()


async def work(world: World, core: Core, database_url: str) -> None:
    """Do what `python -m booking_core worker` does about appointments, once."""
    conninfo = database_url.replace("postgresql+psycopg://", "postgresql://")
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo))
    reconciling: Any = None  # a job of its own
    jobs = Jobs(world, core, reconciling, app, Durable(app), timedelta(0), random.random)
    jobs.durable.task(SETTLE, jobs.settle)
    async with app.open_async():
        await jobs.retry_stalled(0)
        await jobs.resume_unsettled(0)
        await app.run_worker_async(wait=False, listen_notify=False, delete_jobs="successful")


def serve() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the log is no answer
    for line in sys.stdin:
        child = os.fork()
        if not child:
            asyncio.run(main(json.loads(line)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")


if __name__ == "__main__":
    serve()
