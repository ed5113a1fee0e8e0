"""What all commands share: the settings they read, and the exit codes they leave with."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from booking_core.app import World, real_world
from booking_core.domain.errors import BookingError
from booking_core.domain.models import Tenant
from booking_core.domain.ports import EVERY_TENANT
from booking_core.settings import Settings
from sla.environment import SettingsError

USAGE = 2
UNREACHABLE = 3

TenantOption = Annotated[str | None, typer.Option("--tenant", metavar="TOKEN", help="Only this salon, by its token.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def settings() -> Settings:
    """Read the environment, or explain in a sentence a line what is wrong with it and leave with exit code 2."""
    try:
        return Settings.read(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(USAGE) from error


def leave(code: int, sentence: str) -> typer.Exit:
    """Say why, and return what to raise."""
    print(sentence, file=sys.stderr)
    if code == UNREACHABLE:
        print("Has this terminal the core's environment? `python -m booking_core settings` lists it.", file=sys.stderr)
    return typer.Exit(code)


def world(settings: Settings) -> World:
    """Make the adapters for a command; what it does is counted in a metric slot of its own."""
    try:
        return real_world(settings, role="operator", is_background=True)
    except OSError as error:
        sentence = f"The metrics directory cannot be used: {error}. Run this where the core runs, as its user."
        raise leave(UNREACHABLE, sentence) from error


async def salons(world: World, token: str | None) -> Sequence[Tenant]:
    """Return the salon of that token, or all; leaves when there is none, or the database does not answer."""
    try:
        async with world.database.begin(EVERY_TENANT) as stores:
            if token is None:
                return await stores.tenants.every()
            found = await stores.tenants.find_by_token(token)
    except BookingError as error:
        raise leave(UNREACHABLE, str(error)) from error
    if found is None:
        raise leave(USAGE, f"There is no salon with the token {token!r}.")
    return [found]


def console() -> Console:
    """Return where tables go. Into a pipe or a file they are as wide as they need to be."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=200)
