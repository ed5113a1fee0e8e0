"""`python -m booking_core …`: serve and worker are processes, the rest are commands for people."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import multiprocessing
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import httpx
import typer
import uvicorn
from starlette.types import ASGIApp

from booking_core import app as composition
from booking_core import jobs
from booking_core import seed as seeding
from booking_core.adapters.calcom import CalcomClient
from booking_core.adapters.postgres import migrations
from booking_core.domain.errors import BookingError
from booking_core.operator import agent, breaker, erase, hanging, keys, reconcile, terminal, webhooks
from booking_core.settings import Settings
from booking_core.telemetry.log_fields import FIELDS
from booking_core.telemetry.minutes import Minutes
from sla import logs

# What a job worker keeps of its time to put back what it could not finish.
HAND_BACK_SECONDS = 3
PR_SET_PDEATHSIG = 1  # linux/prctl.h

cli = typer.Typer(
    help="The booking core. Settings come from environment variables with the prefix BOOKING_ (see `settings`).",
    no_args_is_help=True,
    add_completion=False,
    # A traceback with the values of variables would print names and keys.
    pretty_exceptions_enable=False,
)
cli.command()(reconcile.reconcile)
cli.command()(hanging.hanging)
cli.command()(erase.erase)
cli.add_typer(breaker.cli, name="breaker")
cli.add_typer(agent.cli, name="agent")
cli.add_typer(keys.cli, name="keys")
cli.add_typer(webhooks.cli, name="webhooks")


def worker_app() -> ASGIApp:
    """Build the application of one HTTP worker; uvicorn calls it in every process it starts."""
    _end_with_parent()
    settings = terminal.settings()
    world = composition.real_world(settings, role="http")
    composition.observe(settings, world)
    return application(world, settings)


def application(world: composition.World, settings: Settings) -> ASGIApp:
    """Build the application on a world, as it was set up, and settle the process around it."""
    app = composition.web(
        world,
        composition.core_of(world, settings),
        body_limit_bytes=settings.body_limit_bytes,
        prompt_v2_percent=settings.prompt_v2_percent,
        grace_seconds=settings.grace_seconds,
    )
    # What was made until now lives as long as we do: the collector need not look through it again with every booking.
    gc.freeze()
    # And what a booking leaves is gone by counting references: the few cycles may wait for some bookings more.
    gc.set_threshold(20_000, 20, 50)
    return app


def _end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the process that started us dies.

    Were the parent killed, its workers would go on holding the port, and no new parent could take it.
    """
    if multiprocessing.parent_process() is not None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@cli.command()
def serve() -> None:
    """Answer HTTP with BOOKING_WORKERS processes until SIGTERM; running requests may finish."""
    settings = terminal.settings()
    logs.configure(settings.log_level, fields=FIELDS)
    uvicorn.run(
        "booking_core.__main__:worker_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        timeout_graceful_shutdown=max(round(settings.drain_seconds - settings.grace_seconds), 1),
        # A worker that is busy for a while is not dead; five seconds, the default, would kill it under load.
        timeout_worker_healthcheck=30,
        access_log=False,
        log_config=None,
        server_header=False,
    )


@cli.command()
def worker() -> None:
    """Work off jobs and periodic tasks until SIGTERM."""
    settings = terminal.settings()
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    world = composition.real_world(settings, role="jobs", is_background=True)
    composition.observe(settings, world)
    core = composition.core_of(world, settings)
    reconciliation = composition.reconciliation_of(world, core, settings)
    queue = jobs.application(
        world,
        core,
        reconciliation,
        database_url=libpq(settings),
        abandoned_seconds=settings.abandoned_seconds,
        webhook_body_days=settings.webhook_body_days,
    )
    async with world.closing, queue.open_async(), Minutes(world.recorder).told():
        running = asyncio.create_task(
            queue.run_worker_async(
                concurrency=settings.jobs_at_once,
                # Those that failed stay, for a person to see.
                delete_jobs="successful",
                install_signal_handlers=False,
                shutdown_graceful_timeout=max(settings.drain_seconds - HAND_BACK_SECONDS, 0),
            )
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await core.bus.drain()


@cli.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="Alembic revision to stop at.")] = "head",
) -> None:
    """Bring the database to the newest schema; safe to repeat."""
    settings = terminal.settings()
    migrations.upgrade(settings.owner_url, revision)
    print(f"The database is at {revision}.")


@cli.command()
def seed() -> None:
    """Create the BOOKING_SEED_TENANT salon with the services and staff Cal.com knows; safe to repeat."""
    settings = terminal.settings()
    salon = seeding.Salon(
        token=settings.seed_tenant,
        api_key=settings.seed_api_key.get_secret_value(),
        retell_api_key=settings.seed_retell_api_key.get_secret_value(),
        calcom_api_key=settings.seed_calcom_api_key.get_secret_value(),
        calcom_webhook_secret=settings.seed_calcom_webhook_secret.get_secret_value(),
    )
    try:
        event_types = asyncio.run(_event_types(settings, salon))
    except BookingError as error:
        print(f"Cal.com at {settings.calcom_url} did not list its event types: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    number = seeding.seed(settings.owner_url, salon, event_types)
    print(f"Salon {salon.token!r} offers {number} event types.")


async def _event_types(settings: Settings, salon: seeding.Salon) -> Sequence[seeding.EventType]:
    async with httpx.AsyncClient(base_url=settings.calcom_url) as client:
        return await CalcomClient(client).event_types(salon.as_tenant())


@cli.command("settings")
def list_settings() -> None:
    """List every environment variable with its default and meaning."""
    for name, meaning in Settings.variables().items():
        print(f"{name}\n    {meaning}")


def libpq(settings: Settings) -> str:
    """Return the database address without SQLAlchemy's driver name, as psycopg itself reads it."""
    return settings.database_url.get_secret_value().replace("postgresql+psycopg://", "postgresql://", 1)


if __name__ == "__main__":
    cli()
