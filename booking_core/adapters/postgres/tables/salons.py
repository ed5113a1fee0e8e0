"""Salons, their keys, and what they offer."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from booking_core.adapters.postgres.tables.schema import NOW, metadata, tenant_id

tenants = Table(
    "tenants",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("token", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("country", Text, nullable=False),
    # Signing and calling need these in clear.
    Column("retell_api_key", Text, nullable=False),
    Column("calcom_api_key", Text, nullable=False),
    Column("calcom_webhook_secret", Text),
    # The Retell agent of each prompt version: {"v1": "agent_…"}.
    Column("retell_agents", JSONB, nullable=False, server_default=text("'{}'")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", UUID, primary_key=True),
    tenant_id(),
    Column("digest", Text, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
)

Index("ix_api_keys_tenant_id", api_keys.c.tenant_id)

services = Table(
    "services",
    metadata,
    Column("id", UUID, primary_key=True),
    tenant_id(),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("aliases", ARRAY(Text), nullable=False),
    # Slug, name and aliases, folded: what a caller may say to mean this service.
    Column("spoken_names", ARRAY(Text), nullable=False),
    UniqueConstraint("tenant_id", "slug"),
)

Index("ix_services_spoken_names", services.c.spoken_names, postgresql_using="gin")

staff = Table(
    "staff",
    metadata,
    Column("id", UUID, primary_key=True),
    tenant_id(),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("tenant_id", "slug"),
)

offerings = Table(
    "offerings",
    metadata,
    tenant_id(),
    Column("service_id", UUID, ForeignKey("services.id"), primary_key=True),
    Column("staff_id", UUID, ForeignKey("staff.id"), primary_key=True),
    # Mostly one; the next begins so many minutes after the visit does, and the gap before it is anybody's.
    Column("segment", SmallInteger, primary_key=True, server_default=text("0")),
    Column("offset_minutes", Integer, nullable=False, server_default=text("0")),
    Column("minutes", Integer, nullable=False),
    Column("calcom_event_type_id", BigInteger, nullable=False),
)
