"""Letters that were put down to be sent."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from booking_core.adapters.postgres.tables.schema import NOW, metadata, tenant_id
from booking_core.domain.letters import ENDINGS, LetterResult

letters = Table(
    "letters",
    metadata,
    Column("appointment_id", UUID, ForeignKey("appointments.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, server_default=text("0")),
    tenant_id(),
    Column("put_down_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("next_try_at", DateTime(timezone=True), nullable=False),
    # Null while it waits.
    Column("result", Text),
    CheckConstraint("result IN (" + ", ".join(f"'{each}'" for each in LetterResult) + ")", name="result"),
)

# An appointment ends once, and its end is told once.
Index(
    "uq_letters_ending",
    letters.c.appointment_id,
    unique=True,
    postgresql_where=text("kind IN (" + ", ".join(f"'{each}'" for each in ENDINGS) + ")"),
)
Index("ix_letters_next_try_at", letters.c.next_try_at, postgresql_where=text("result IS NULL"))
