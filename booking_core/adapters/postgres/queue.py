"""Durable jobs through procrastinate, put down on the very connection of the transaction that needs them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Collection, Mapping
from contextlib import suppress
from typing import Any, TypedDict
from uuid import UUID

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued
from psycopg import AsyncConnection as PsycopgConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.domain import rules
from booking_core.domain.ports import Waiting

SETTLE = "settle"
UNDO = "undo"
PROCESS_DELIVERY = "process_delivery"

# News about a booking goes before what waits for its time: a job of the same lock would else wait behind it.
NEWS_FIRST = 1

# What every job says about its own arguments; a worker that meets a later one than it knows leaves the job to a newer.
PAYLOAD_VERSION = 1

# 2020 in seconds since 1970: a priority holds 32 bits.
_SENIORITY_BEGINS = 1_577_836_800

# Only to put jobs down: it opens no pool of its own.
_deferrer = procrastinate.App(connector=procrastinate.PsycopgConnector())

# Where one is at work and has put down the next, the next one counts.
_WAITING = text(
    """
    SELECT queueing_lock, (args->>'tries')::integer AS tries, scheduled_at FROM procrastinate_jobs
    WHERE queueing_lock = ANY(:locks) AND status IN ('todo', 'doing')
    ORDER BY id
    """
)


class Locks(TypedDict):
    """The two locks of a job: one runs at a time, and one waits at a time."""

    lock: str
    queueing_lock: str


def locks(appointment_id: UUID) -> Locks:
    """Return the locks of every job about this appointment: one writer per booking."""
    return {"lock": rules.booking_turn(appointment_id), "queueing_lock": f"settle:{appointment_id}"}


def delivery_locks(delivery_id: UUID, subject: str) -> Locks:
    """Return the locks of the job that processes a delivery: it takes its turn with whoever works on the same."""
    return {"lock": subject, "queueing_lock": f"delivery:{delivery_id}"}


def seniority(at: float) -> int:
    """Return the priority of a booking that waits since then: of those whose time has come the oldest goes first."""
    return _SENIORITY_BEGINS - int(at)


class PostgresQueue:
    """The queue inside one transaction: a job exists exactly when what it is about was committed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def settle(self, tenant_id: UUID, appointment_id: UUID, *, after_seconds: float) -> None:
        job = _deferrer.configure_task(
            SETTLE,
            **locks(appointment_id),
            priority=seniority(time.time()),
            schedule_in={"seconds": round(after_seconds)},
            connection=await self._driver(),
        )
        payload = {"tenant_id": str(tenant_id), "appointment_id": str(appointment_id)}
        await self._once(job.defer_async(version=PAYLOAD_VERSION, tries=0, **payload))

    async def undo(self, tenant_id: UUID, calcom_uid: str, *, reason: str) -> None:
        about = f"undo:{calcom_uid}"
        job = _deferrer.configure_task(UNDO, lock=about, queueing_lock=about, connection=await self._driver())
        payload = {"tenant_id": str(tenant_id), "calcom_uid": calcom_uid, "reason": reason}
        await self._once(job.defer_async(version=PAYLOAD_VERSION, **payload))

    async def waiting(self, appointment_ids: Collection[UUID]) -> Mapping[UUID, Waiting]:
        by_lock = {locks(each)["queueing_lock"]: each for each in appointment_ids}
        rows = await self._connection.execute(_WAITING, {"locks": list(by_lock)})
        return {by_lock[row.queueing_lock]: Waiting(row.tries, row.scheduled_at) for row in rows}

    async def process_delivery(self, tenant_id: UUID, delivery_id: UUID, *, subject: str, after_seconds: float) -> None:
        job = _deferrer.configure_task(
            PROCESS_DELIVERY,
            **delivery_locks(delivery_id, subject),
            priority=NEWS_FIRST,
            schedule_in={"seconds": round(after_seconds)},
            connection=await self._driver(),
        )
        about = {"tenant_id": str(tenant_id), "delivery_id": str(delivery_id)}
        await self._once(job.defer_async(version=PAYLOAD_VERSION, **about))

    async def _once(self, put_down: Awaitable[int]) -> None:
        """Put it down, unless one waits already: a savepoint, because that must not cost the transaction."""
        with suppress(AlreadyEnqueued):
            async with self._connection.begin_nested():
                await put_down

    async def _driver(self) -> PsycopgConnection[Any]:
        raw = await self._connection.get_raw_connection()
        driver = raw.driver_connection
        assert isinstance(driver, PsycopgConnection)  # noqa: S101 - the engine is made with psycopg only
        return driver
