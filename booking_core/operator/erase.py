"""`python -m booking_core erase`: forget a customer who asks for it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from booking_core import app as composition
from booking_core.domain.erasure import Erased, StillBetweenTheWorlds
from booking_core.domain.errors import BookingError, CustomerValidationError
from booking_core.operator import terminal
from booking_core.services.erasure import Erasure
from booking_core.settings import Settings
from booking_core.telemetry.log_fields import FIELDS
from sla import logs

NOT_YET = 1


def erase(
    tenant: Annotated[str, typer.Option(help="Path token of the salon.")],
    phone: Annotated[str, typer.Option(help="The customer's telephone number.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased; erase nothing.")] = False,
) -> None:
    """Erase a customer's name, number and address, and every stored word about them. There is no way back.

    Their appointments keep their times. Safe to repeat. Exit code 1: something of theirs is not settled yet, and
    nothing was erased. 2: no such salon, or no telephone number. 3: the database did not answer; run it again.
    """
    settings = terminal.settings()
    logs.configure(settings.log_level, fields=FIELDS)
    try:
        erased = asyncio.run(_erase(settings, tenant, phone, dry=dry_run))
    except StillBetweenTheWorlds as error:
        raise terminal.leave(NOT_YET, str(error)) from error
    except CustomerValidationError as error:
        raise terminal.leave(terminal.USAGE, str(error)) from error
    except BookingError as error:
        # What was lost may have been the answer to the commit.
        sentence = "PostgreSQL did not answer, so nobody knows whether anything was erased; run it again, that is safe."
        raise terminal.leave(terminal.UNREACHABLE, sentence) from error
    print(described(erased, dry=dry_run))


async def _erase(settings: Settings, token: str, phone: str, *, dry: bool) -> Erased:
    world = terminal.world(settings)
    core = composition.core_of(world, settings)
    async with world.closing:
        (salon,) = await terminal.salons(world, token)
        return await Erasure(world.database, core.orchestrator.customers).erase(salon, phone, is_dry_run=dry)


def described(erased: Erased, *, dry: bool) -> str:
    """Say what was done, and what is left to do elsewhere."""
    lines = [
        "Would be erased:" if dry else "Erased:",
        f"  customer                {'yes' if erased.customers else 'nobody of that number'}",
        f"  appointments kept       {erased.appointments}, without a person",
        f"  stored answers dropped  {erased.replies}",
        f"  webhooks emptied        {erased.deliveries}",
    ]
    if erased.calcom_uids:
        lines.append(f"Cal.com still names them in {len(erased.calcom_uids)} bookings; erase them there:")
        lines += [f"  {uid}" for uid in erased.calcom_uids]
    return "\n".join(lines)
