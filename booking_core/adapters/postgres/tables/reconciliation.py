"""What the comparison of both worlds remembers from run to run."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from booking_core.adapters.postgres.tables.schema import metadata, tenant_id

inconsistencies = Table(
    "inconsistencies",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    tenant_id(),
    Column("kind", Text, nullable=False),
    # Names the difference from run to run: the booking's uid for what is only there, else our appointment's id.
    Column("subject", Text, nullable=False),
    Column("appointment_id", UUID),
    Column("calcom_uid", Text),
    Column("first_seen", DateTime(timezone=True), nullable=False),
    Column("last_seen", DateTime(timezone=True), nullable=False),
    Column("sightings", Integer, nullable=False, server_default=text("1")),
    Column("action", Text),
    Column("acted_at", DateTime(timezone=True)),
    # Since when one of the day's changes is taken for it, done or not.
    Column("claimed_at", DateTime(timezone=True)),
    Column("resolved_at", DateTime(timezone=True)),
)

# A difference is open once; resolved ones stay for the record.
Index(
    "uq_inconsistencies_open",
    inconsistencies.c.tenant_id,
    inconsistencies.c.kind,
    inconsistencies.c.subject,
    unique=True,
    postgresql_where=text("resolved_at IS NULL"),
)

reconciliation_runs = Table(
    "reconciliation_runs",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id"), primary_key=True),
    Column("started_at", DateTime(timezone=True), primary_key=True),
    Column("here", Integer, nullable=False),
    Column("there", Integer, nullable=False),
    Column("findings", JSONB, nullable=False),
    Column("outcomes", JSONB, nullable=False),
    # Why the worlds could not be compared; null when they could.
    Column("error", Text),
)
