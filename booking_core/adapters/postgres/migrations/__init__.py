"""Alembic migrations, run by `python -m booking_core migrate`."""

from __future__ import annotations

from alembic import command
from alembic.config import Config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to a revision; a database already there is left as it is."""
    config = Config()
    config.set_main_option("script_location", "booking_core:adapters/postgres/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    command.upgrade(config, revision)
