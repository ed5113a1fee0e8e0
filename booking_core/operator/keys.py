"""`python -m booking_core keys`: who may use the API of a salon, and for what."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar
from uuid import UUID, uuid4

import typer

from booking_core.adapters.clock import SystemClock
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.domain.access import ApiKey, KeyScope, ordered
from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.domain.models import Tenant
from booking_core.domain.ports import EVERY_TENANT, Stores
from booking_core.operator import terminal
from booking_core.services.tenants import FRESH_FOR

T = TypeVar("T")

cli = typer.Typer(help="The API keys of a salon. Exit code 3: PostgreSQL did not answer.", no_args_is_help=True)

Salon = Annotated[str, typer.Option("--tenant", help="Path token of the salon.")]


@cli.command()
def create(
    tenant: Salon,
    label: Annotated[str, typer.Option(help="Who will use it, or what for.")],
    scope: Annotated[list[KeyScope], typer.Option(help="What it may do; say it again for each.")],
) -> None:
    """Make a key and print it. It is stored nowhere: there is no second chance to read it."""
    key = f"sk_{secrets.token_urlsafe(32)}"

    async def store(stores: Stores, salon: Tenant) -> ApiKey:
        api_key = ApiKey(uuid4(), salon.id, label, frozenset(scope), SystemClock().now())
        await stores.keys.add(api_key, key)
        return api_key

    made = _for(tenant, store)
    typer.echo(f"Made {made.id} ({label}) for {tenant!r}. Keep the key now; it is not shown again:", err=True)
    print(key)


@cli.command("list")
def show(tenant: Salon) -> None:
    """List the keys of a salon, revoked ones too."""

    async def read(stores: Stores, salon: Tenant) -> Sequence[ApiKey]:
        return await stores.keys.all_of(salon.id)

    for each in _for(tenant, read):
        revoked = f"  revoked {each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else ""
        print(f"{each.id}  {each.created_at:%Y-%m-%d}  {', '.join(ordered(each.scopes))}  {each.label}{revoked}")


@cli.command()
def revoke(tenant: Salon, key_id: Annotated[UUID, typer.Argument(help="As `keys list` shows it.")]) -> None:
    """Let a key open nothing any more."""

    async def end(stores: Stores, salon: Tenant) -> bool:
        return await stores.keys.revoke(salon.id, key_id, at=SystemClock().now())

    if not _for(tenant, end):
        typer.echo(f"{tenant!r} has no key {key_id} that still works; see `keys list`.", err=True)
        raise typer.Exit(terminal.USAGE)
    print(f"Revoked. Workers may go on believing it for {FRESH_FOR.total_seconds():.0f} seconds.")


def _for(token: str, act: Callable[[Stores, Tenant], Awaitable[T]]) -> T:
    """Do one thing for the salon with this token, in one transaction of its own."""

    async def run() -> T:
        database = PostgresDatabase(terminal.settings().database_url.get_secret_value(), pool_size=1)
        try:
            async with database.begin(EVERY_TENANT) as stores:
                salon = await stores.tenants.find_by_token(token)
            if salon is None:
                typer.echo(f"There is no salon {token!r}; see the path of its Retell URL.", err=True)
                raise typer.Exit(terminal.USAGE)
            async with database.begin(salon.id) as stores:
                return await act(stores, salon)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except AppointmentDatabaseError as error:
        typer.echo("PostgreSQL at BOOKING_DATABASE_URL did not answer; nothing was changed.", err=True)
        raise typer.Exit(terminal.UNREACHABLE) from error
