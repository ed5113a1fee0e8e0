"""Requests of the API that may be repeated."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from booking_core.adapters.postgres.tables.schema import metadata

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    # Of the request: the same key with another body is a mistake of the caller's.
    Column("fingerprint", Text, nullable=False),
    Column("claimed_at", DateTime(timezone=True), nullable=False),
    Column("status", Integer),
    Column("body", JSONB),
)

Index("ix_idempotency_keys_claimed_at", idempotency_keys.c.claimed_at)
