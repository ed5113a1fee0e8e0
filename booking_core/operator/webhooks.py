"""`python -m booking_core webhooks`: what Cal.com and Retell told us, what became of it, and once more, please."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.domain.models import Tenant
from booking_core.domain.ports import EVERY_TENANT, Database
from booking_core.domain.webhooks import Delivery, DeliveryState
from booking_core.operator import terminal
from booking_core.services.inbox import replay
from booking_core.settings import Settings

cli = typer.Typer(
    help="Webhooks as they were received. Exit code 2: options that make no sense; 3: PostgreSQL did not answer.",
    no_args_is_help=True,
)

FailedOption = Annotated[bool, typer.Option("--failed", help="Only those that were given up.")]
SinceOption = Annotated[
    datetime | None, typer.Option(metavar="TIME", help="Only those received since then (ISO 8601, UTC).")
]
# More than anybody reads, and as many as one recovery needs.
AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are meant."""

    states: Sequence[DeliveryState]
    since: datetime | None
    at_most: int
    id: UUID | None = None


@cli.command("list")
def show(
    tenant: terminal.TenantOption = None,
    failed: FailedOption = False,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option(min=1, max=AT_MOST, help="How many of the newest for each salon.")] = 50,
    as_json: terminal.JsonOption = False,
) -> None:
    """List deliveries, newest first."""
    wanted = Wanted(_states(failed=failed), _utc(since), limit)
    found = asyncio.run(_found(terminal.settings(), tenant, wanted, again=False))
    described = [_described(salon, each) for salon, each in found]
    if as_json:
        print(json.dumps(described, indent=2))
    elif described:
        table = Table(*described[0])
        for row in described:
            table.add_row(*(str(value) for value in row.values()))
        terminal.console().print(table)
    else:
        print("There are none.")


@cli.command("replay")
def again(
    tenant: terminal.TenantOption = None,
    delivery: Annotated[UUID | None, typer.Option("--id", help="Only this delivery.")] = None,
    failed: FailedOption = False,
    since: SinceOption = None,
) -> None:
    """Act upon deliveries once more: the job worker does it at once. What they have brought about is not done twice.

    A delivery whose body was dropped for its age (BOOKING_WEBHOOK_BODY_DAYS) cannot be replayed.
    """
    if delivery is None and not failed and since is None:
        raise terminal.leave(terminal.USAGE, "Say which: --id ID, --failed, or --since TIME.")
    wanted = Wanted(_states(failed=failed), _utc(since), AT_MOST, delivery)
    found = asyncio.run(_found(terminal.settings(), tenant, wanted, again=True))
    left = sum(each.body is None for _, each in found)
    print(f"Put down again: {len(found) - left}.")
    if left:
        print(f"Too old, their bodies were dropped: {left}.")
    if delivery is not None and not found:
        raise terminal.leave(terminal.USAGE, f"There is no delivery {delivery}; see `webhooks list`.")


async def _found(
    settings: Settings, token: str | None, wanted: Wanted, *, again: bool
) -> list[tuple[Tenant, Delivery]]:
    database = PostgresDatabase(settings.database_url.get_secret_value(), pool_size=1)
    try:
        found = [
            (salon, each)
            for salon in await _salons(database, token)
            for each in await _of(database, salon, wanted, again=again)
        ]
    except AppointmentDatabaseError as error:
        sentence = "PostgreSQL at BOOKING_DATABASE_URL did not answer."
        raise terminal.leave(terminal.UNREACHABLE, sentence) from error
    finally:
        await database.close()
    return found


async def _salons(database: Database, token: str | None) -> Sequence[Tenant]:
    async with database.begin(EVERY_TENANT) as stores:
        if token is None:
            return await stores.tenants.every()
        salon = await stores.tenants.find_by_token(token)
    if salon is None:
        raise terminal.leave(terminal.USAGE, f"There is no salon with the token {token!r}.")
    return [salon]


async def _of(database: Database, salon: Tenant, wanted: Wanted, *, again: bool) -> Sequence[Delivery]:
    async with database.begin(salon.id) as stores:
        newest = await stores.inbox.listed(states=wanted.states, since=wanted.since, at_most=wanted.at_most)
        meant = [each for each in newest if wanted.id in {None, each.id}]
        for each in meant:
            if again and each.body is not None:
                await replay(stores, each)
    return meant


def _states(*, failed: bool) -> Sequence[DeliveryState]:
    return (DeliveryState.FAILED,) if failed else tuple(DeliveryState)


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _described(salon: Tenant, each: Delivery) -> dict[str, str | int]:
    return {
        "received": f"{each.received_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "tenant": salon.token,
        "source": each.source.value,
        "event": each.event,
        "about": each.subject,
        "state": each.state.value,
        "result": each.result.value if each.result else "-",
        "tries": each.attempts,
        "error": each.error or "-",
        "id": str(each.id),
    }
