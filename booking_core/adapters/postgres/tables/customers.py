"""Callers, one per tenant and phone number."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, SmallInteger, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import UUID

from booking_core.adapters.postgres.tables.schema import NOW, metadata, tenant_id

customers = Table(
    "customers",
    metadata,
    Column("id", UUID, primary_key=True),
    tenant_id(),
    Column("phone", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    # domain/engagement.py says what it means.
    Column("engagement_score", SmallInteger, nullable=False, server_default=text("0")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    UniqueConstraint("tenant_id", "phone"),
)
