"""Durable and periodic work, done by `python -m booking_core worker`."""

from __future__ import annotations

from datetime import timedelta

import procrastinate
import structlog

from booking_core.app import Core, World
from booking_core.domain.errors import BookingError

EVERY_MINUTE = "* * * * *"
SWEPT_AT_ONCE = 50

_log = structlog.get_logger()


def application(world: World, core: Core, *, database_url: str, abandoned_seconds: float) -> procrastinate.App:
    """Return the job queue with its periodic tasks; `database_url` is libpq's form, the same database as the core's."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database_url))
    age = timedelta(seconds=abandoned_seconds)

    @app.periodic(cron=EVERY_MINUTE)
    @app.task(queueing_lock="sweep_synthetic", pass_context=False)
    async def sweep_synthetic(timestamp: int) -> None:
        await _sweep_synthetic(world, core, age)

    @app.periodic(cron=EVERY_MINUTE)
    @app.task(queueing_lock="give_up_creating", pass_context=False)
    async def give_up_creating(timestamp: int) -> None:
        async with world.database.begin() as stores:
            given_up = await stores.appointments.give_up_creating(world.clock.now() - age)
        if given_up:
            _log.warning("outcomes_unknown", appointments=given_up)

    return app


async def _sweep_synthetic(world: World, core: Core, age: timedelta) -> None:
    """Cancel what a probe booked and, killed or cut off, did not cancel itself."""
    async with world.database.begin() as stores:
        left = await stores.appointments.abandoned_synthetic(world.clock.now() - age, at_most=SWEPT_AT_ONCE)
        tenants = {each.tenant_id: await stores.tenants.get(each.tenant_id) for each in left}
    for appointment in left:
        try:
            await core.orchestrator.cancel(tenants[appointment.tenant_id], appointment.id, reason="synthetic, swept")
        except BookingError as error:
            _log.warning("sweep_postponed", appointment_id=str(appointment.id), reason=error.reason)
        else:
            world.recorder.swept(1)
