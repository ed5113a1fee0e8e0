"""Durable and periodic work, done by `python -m booking_core worker`."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import procrastinate
import structlog
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status

from booking_core.adapters.postgres.queue import PROCESS_DELIVERY, SETTLE, UNDO, locks
from booking_core.app import Core, World
from booking_core.domain.errors import BookingError
from booking_core.domain.models import State
from booking_core.domain.ports import EVERY_TENANT
from booking_core.durable import Durable, Work
from booking_core.services.reconciliation import Reconciliation

EVERY_MINUTE = "* * * * *"
EVERY_HOUR = "23 * * * *"
EVERY_FIVE_MINUTES = "*/5 * * * *"
SWEPT_AT_ONCE = 50
# Most have a job already and are passed over; so many that a long outage hides none behind them.
UNSETTLED_AT_ONCE = 2000

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Jobs:
    """The work itself; `application` says when it is done."""

    world: World
    core: Core
    reconciliation: Reconciliation
    app: procrastinate.App
    durable: Durable
    age: timedelta
    jitter: Callable[[], float]

    async def settle(self, job: Job, tenant_id: str, appointment_id: str, tries: int) -> None:
        self.world.recorder.sync_ran()
        seconds = await self.core.settlement.settle(UUID(tenant_id), UUID(appointment_id), tries=tries)
        if seconds is not None:
            # Up to a quarter later, so that what waited for the same recovery does not come back in the same second.
            later = seconds * (1 + self.jitter() / 4)
            await self.durable.put_back(job, after_seconds=later, changes={"tries": tries + 1, "stumbles": 0})

    async def undo(self, _job: Job, tenant_id: str, calcom_uid: str, reason: str) -> None:
        await self.core.cancellation.undo(UUID(tenant_id), calcom_uid, reason=reason)

    async def process_delivery(self, _job: Job, tenant_id: str, delivery_id: str) -> None:
        await self.core.inbox.process(UUID(tenant_id), UUID(delivery_id))

    async def resume_unsettled(self, timestamp: int) -> None:
        """Whatever ended a job without an end, no appointment stays between the worlds for want of one."""
        async with self.world.database.begin(EVERY_TENANT) as stores:
            given_up = await stores.appointments.give_up_creating(self.world.clock.now() - self.age)
            left = await stores.appointments.unsettled(at_most=UNSETTLED_AT_ONCE)
        if given_up:
            _log.warning("outcomes_unknown", appointments=given_up)
        failed = await self.app.job_manager.list_jobs_async(task=SETTLE, status=Status.FAILED.value)
        for_a_person = {job.queueing_lock for job in failed}
        for tenant_id, appointment_id in left:
            if locks(appointment_id)["queueing_lock"] not in for_a_person:
                async with self.world.database.begin(tenant_id) as stores:
                    await stores.queue.settle(tenant_id, appointment_id, after_seconds=0.0)

    async def retry_stalled(self, timestamp: int) -> None:
        """A worker that was killed leaves its jobs as if at work, and their locks taken."""
        for job in await self.app.job_manager.get_stalled_jobs():
            _log.warning("job_stalled", job=job.id, task=job.task_name)
            try:
                await self.app.job_manager.retry_job(job)
            except UniqueViolation:
                # Another one waits already, for the lock that this one still holds: end it, and that one goes on.
                await self.app.job_manager.finish_job(job, Status.FAILED, delete_job=True)

    async def resume_deliveries(self, timestamp: int) -> None:
        """Act upon webhooks whose job was lost, or could not be done while the database was away."""
        await self.core.inbox.resume()

    async def forget_requests(self, timestamp: int) -> None:
        """Drop the answers that nobody will ask for again."""
        await self.core.repeats.forget_old()

    async def reconcile(self, timestamp: int) -> None:
        """Compare both worlds, salon by salon; one whose Cal.com does not answer keeps nobody else waiting."""
        async with self.world.database.begin(EVERY_TENANT) as stores:
            tenants = await stores.tenants.every()
        for tenant in tenants:
            self.world.recorder.sync_ran()
            try:
                await self.reconciliation.run(tenant)
            except BookingError as error:
                self.world.recorder.sync_failed(error.reason)
                _log.warning("worlds_not_compared", tenant_id=str(tenant.id), reason=error.reason)
        await self.reconciliation.forget_old()

    async def deliver_letters(self, timestamp: int) -> None:
        """Send what the call, or the job that wrote about an appointment, did not get rid of itself."""
        await self.core.notification.deliver_due()

    async def sweep_synthetic(self, timestamp: int) -> None:
        """Cancel what a probe booked and, killed or cut off, did not cancel itself."""
        async with self.world.database.begin(EVERY_TENANT) as stores:
            older_than = self.world.clock.now() - self.age
            left = await stores.appointments.abandoned_synthetic(older_than, at_most=SWEPT_AT_ONCE)
            tenants = {each.tenant_id: await stores.tenants.get(each.tenant_id) for each in left}
        for appointment in left:
            tenant = tenants[appointment.tenant_id]
            try:
                swept = await self.core.cancellation.cancel(tenant, appointment.id, reason="synthetic, swept")
            except BookingError as error:
                _log.warning("sweep_postponed", appointment_id=str(appointment.id), reason=error.reason)
            else:
                self.world.recorder.swept(swept.state is not State.CANCELLING)


def application(  # noqa: PLR0913 - what it works on, and what it must know
    world: World,
    core: Core,
    reconciliation: Reconciliation,
    *,
    database_url: str,
    abandoned_seconds: float,
    webhook_body_days: float,
) -> procrastinate.App:
    """Return the job queue with its tasks; `database_url` is libpq's form, the same database as the core's."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database_url))
    age = timedelta(seconds=abandoned_seconds)
    around = Durable(app, world.tracing.job) if world.tracing else Durable(app)
    jobs = Jobs(world, core, reconciliation, app, around, age, random.random)
    durable: dict[str, Work] = {SETTLE: jobs.settle, UNDO: jobs.undo, PROCESS_DELIVERY: jobs.process_delivery}
    for name, task in durable.items():
        jobs.durable.task(name, task)
    minutely = (
        jobs.resume_unsettled,
        jobs.resume_deliveries,
        jobs.retry_stalled,
        jobs.deliver_letters,
        jobs.sweep_synthetic,
        jobs.forget_requests,
    )

    async def forget_webhooks(timestamp: int) -> None:
        """Drop what was said in webhooks that were acted upon long ago."""
        await core.inbox.forget_bodies(older_than=timedelta(days=webhook_body_days))

    seldom = ((jobs.reconcile, EVERY_FIVE_MINUTES), (forget_webhooks, EVERY_HOUR))
    for work, cron in (*((each, EVERY_MINUTE) for each in minutely), *seldom):
        # One of each waits at a time: a minute that was missed need not be made up for.
        app.periodic(cron=cron)(app.task(name=work.__name__, queueing_lock=work.__name__)(work))
    return app
