"""Durable jobs through procrastinate, put down on the very connection of the transaction that needs them."""

from __future__ import annotations

from typing import Any, TypedDict
from uuid import UUID

import procrastinate
from psycopg import AsyncConnection as PsycopgConnection
from sqlalchemy.ext.asyncio import AsyncConnection

SETTLE = "settle"

# Only to put jobs down: it opens no pool of its own.
_deferrer = procrastinate.App(connector=procrastinate.PsycopgConnector())


class Locks(TypedDict):
    """The two locks of a job: one runs at a time, and one waits at a time."""

    lock: str
    queueing_lock: str


def locks(appointment_id: UUID | str) -> Locks:
    """Return the locks of every job about this appointment: one writer per booking."""
    return {"lock": f"booking:{appointment_id}", "queueing_lock": f"settle:{appointment_id}"}


class PostgresQueue:
    """The queue inside one transaction: a job exists exactly when what it is about was committed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def settle(self, tenant_id: UUID, appointment_id: UUID, *, after_seconds: float) -> None:
        job = _deferrer.configure_task(
            SETTLE,
            **locks(appointment_id),
            schedule_in={"seconds": round(after_seconds)},
            connection=await self._driver(),
        )
        await job.defer_async(tenant_id=str(tenant_id), appointment_id=str(appointment_id), tries=0)

    async def _driver(self) -> PsycopgConnection[Any]:
        raw = await self._connection.get_raw_connection()
        driver = raw.driver_connection
        assert isinstance(driver, PsycopgConnection)  # noqa: S101 - the engine is made with psycopg only
        return driver
