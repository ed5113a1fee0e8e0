"""`python -m tests.booking_core.crash.victim`: a real process that books or cancels and kills itself with SIGKILL.

Its one argument is a JSON object: where both worlds are, what to do, and at which moment to die.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from prometheus_client import CollectorRegistry

from booking_core.adapters.calcom import CalcomClient
from booking_core.adapters.clock import SystemClock
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.app import World
from booking_core.domain.ports import EVERY_TENANT
from booking_core.telemetry.recorder import Recorder
from tests.booking_core.crash.dying import Reaper, a_process
from tests.factories import a_request, an_origin
from tests.fakes import FakeMailer


@dataclass
class Sword(Reaper):
    """Dies for real."""

    def moment(self, name: str) -> None:
        self.moments.append(name)
        if len(self.moments) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(order: dict[str, Any]) -> None:
    async with httpx.AsyncClient(base_url=order["calcom_url"], trust_env=False) as client:
        database = PostgresDatabase(order["database_url"])
        world = World(database, CalcomClient(client), FakeMailer(), SystemClock(), Recorder(CollectorRegistry()))
        async with database.begin(EVERY_TENANT) as stores:
            (tenant,) = await stores.tenants.every()
        core = a_process(world, Sword(order["at"]))
        if order["cancels"]:
            await core.cancellation.cancel(tenant, UUID(order["cancels"]), reason="changed my mind")
        else:
            await core.orchestrator.book(tenant, a_request(start=order["start"], staff="anna"), an_origin())
        await core.bus.drain()
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
