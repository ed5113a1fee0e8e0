"""Alembic's entry: runs every migration in one transaction, one process at a time."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text

from booking_core.adapters.postgres.sight import limited_to
from booking_core.adapters.postgres.tables import metadata
from booking_core.domain.ports import EVERY_TENANT

# Any number; the same for everybody who migrates this database.
LOCK = 7_264_001


def _run() -> None:
    engine = create_engine(context.config.attributes["url"])
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            # The owner is held to the policies as well; a migration that moves rows moves everybody's.
            connection.execute(limited_to(EVERY_TENANT))
            context.run_migrations()
    engine.dispose()


_run()
