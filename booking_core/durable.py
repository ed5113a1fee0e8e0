"""Around the work of every durable job: is it understood, is it handed back, and when is it left for a person.

Apart from the jobs because it is the same for all of them, and none may be dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import procrastinate
import structlog
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job
from structlog.contextvars import bound_contextvars

from booking_core.adapters.postgres.queue import PAYLOAD_VERSION
from booking_core.domain.errors import BookingError

# Put down by a newer core, while workers are replaced one by one.
NEWER_AGAIN_SECONDS = 30
# Cal.com or the database did not let it: no fault of the job.
POSTPONED_SECONDS = 30
# A job that raises what nobody foresaw is tried so often, each time after a longer pause, and then stays as `failed`.
MOST_STUMBLES = 5
STUMBLED_AGAIN_SECONDS = (10, 30, 60, 120)

Work = Callable[..., Awaitable[None]]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Durable:
    """Makes tasks of work. Each gets its job and its payload; what ends it early puts it back."""

    app: procrastinate.App
    traced: Callable[[str], AbstractContextManager[object]] = nullcontext

    def task(self, name: str, work: Work) -> None:
        async def run(context: procrastinate.JobContext, /, *, version: int = 1, **payload: Any) -> None:
            if version > PAYLOAD_VERSION:
                _log.warning("job_from_a_newer_core", job=context.job.id, task=name, version=version)
                await self.put_back(context.job, after_seconds=NEWER_AGAIN_SECONDS)
            else:
                # Until the work has found out on whose behalf it is done.
                with bound_contextvars(correlation_id=f"job-{context.job.id}"), self.traced(name):
                    await self._run(work, context.job, **payload)

        self.app.task(name=name, pass_context=True)(run)

    async def _run(self, work: Work, job: Job, *, stumbles: int = 0, **payload: Any) -> None:
        try:
            await work(job, **payload)
        except asyncio.CancelledError:
            # The worker is stopping and has waited long enough: another one goes on.
            await self.put_back(job, after_seconds=0)
            raise
        except BookingError as error:
            # A condition that has a name passes: the job waits for that, however often.
            _log.warning("job_postponed", job=job.id, task=job.task_name, reason=error.reason)
            await self.put_back(job, after_seconds=POSTPONED_SECONDS)
        except Exception:
            if stumbles + 1 >= MOST_STUMBLES:
                _log.exception("job_given_up", job=job.id, task=job.task_name)
                raise
            _log.exception("job_stumbled", job=job.id, task=job.task_name)
            again = STUMBLED_AGAIN_SECONDS[stumbles]
            await self.put_back(job, after_seconds=again, changes={"stumbles": stumbles + 1})

    async def put_back(self, job: Job, *, after_seconds: float, changes: Mapping[str, Any] | None = None) -> None:
        """Put the same job down again, with the same place in line; one that waits already is as good."""
        again = self.app.configure_task(
            job.task_name,
            lock=job.lock,
            queueing_lock=job.queueing_lock,
            priority=job.priority,
            schedule_in={"seconds": round(after_seconds)},
        )
        with suppress(AlreadyEnqueued):
            await again.defer_async(**(dict(job.task_kwargs) | dict(changes or {})))
