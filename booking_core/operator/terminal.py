"""What all commands share: the settings they read, and the exit codes they leave with."""

from __future__ import annotations

import os
import sys

import typer

from booking_core.settings import Settings
from sla.environment import SettingsError

USAGE = 2
UNREACHABLE = 3


def settings() -> Settings:
    """Read the environment, or explain in a sentence a line what is wrong with it and leave with exit code 2."""
    try:
        return Settings.read(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(USAGE) from error
