"""`python -m booking_core hanging`: every booking between Cal.com and us, and what settles it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import typer
from rich.table import Table

from booking_core.domain.models import Tenant
from booking_core.operator import terminal, wording
from booking_core.services.hanging import Hanging, HangingBookings
from booking_core.settings import Settings
from booking_core.telemetry.log_fields import FIELDS
from sla import logs

SOME_HANG = 1


def hanging(tenant: terminal.TenantOption = None, as_json: terminal.JsonOption = False) -> None:
    """List every booking that hangs between Cal.com and us: why, since when, how often tried, and what settles it.

    Exit code 0: none does. 1: some do. 3: the database did not answer.
    """
    settings = terminal.settings()
    logs.configure(settings.log_level, fields=FIELDS)
    found = asyncio.run(_hanging(settings, tenant))
    now = datetime.now(UTC)
    if as_json:
        print(json.dumps([hanging_object(salon, each, now=now) for salon, each in found], indent=2))
    elif found:
        terminal.console().print(hanging_table(found, now=now))
    else:
        print("Nothing hangs between Cal.com and us.")
    raise typer.Exit(SOME_HANG if found else 0)


async def _hanging(settings: Settings, token: str | None) -> list[tuple[Tenant, Hanging]]:
    world = terminal.world(settings)
    async with world.closing:
        bookings = HangingBookings(world.database, world.clock)
        return [(salon, each) for salon in await terminal.salons(world, token) for each in await bookings.of(salon)]


def hanging_table(found: Sequence[tuple[Tenant, Hanging]], *, now: datetime) -> Table:
    """Draw what hangs."""
    table = Table("salon", "booking", "why", "since", "tries", "starts", "next")
    for salon, each in found:
        row = hanging_object(salon, each, now=now)
        table.add_row(*(str(value) for value in row.values()))
    return table


def hanging_object(salon: Tenant, each: Hanging, *, now: datetime) -> dict[str, str | int]:
    """Describe one hanging booking in words."""
    row = each.appointment
    age = timedelta(seconds=round((now - each.since).total_seconds()))
    return {
        "tenant": salon.token,
        "booking": each.subject,
        "why": wording.hanging_because(each),
        "since": f"{each.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {age} ago",
        "tries": each.job.tries if each.job else 0,
        "starts": row.start.astimezone(salon.time_zone).strftime("%d.%m.%Y %H:%M") if row else "-",
        "next": wording.hanging_next(each, now=now),
    }
