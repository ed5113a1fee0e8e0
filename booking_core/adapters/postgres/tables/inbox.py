"""What others told us, and what we know by it of Cal.com's bookings."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from booking_core.adapters.postgres.tables.schema import metadata, one_of, tenant_id
from booking_core.domain.webhooks import DeliveryState

# What Cal.com has told us of its bookings: a row a booking, and nothing in it is ever taken back. One without an
# appointment was made by somebody else, and its time is taken.
calcom_bookings = Table(
    "calcom_bookings",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id"), primary_key=True),
    Column("uid", Text, primary_key=True),
    # Cal.com may name an appointment that we do not have: no foreign key.
    Column("appointment_id", UUID),
    Column("staff_id", UUID, ForeignKey("staff.id")),
    Column("starts_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
    # Rises only: 1 pending, 2 accepted, 3 ended.
    Column("standing", SmallInteger, nullable=False),
    Column("successor", Text),
)

Index("ix_calcom_bookings_appointment_id", calcom_bookings.c.tenant_id, calcom_bookings.c.appointment_id)
Index(
    "ix_calcom_bookings_taken",
    calcom_bookings.c.tenant_id,
    calcom_bookings.c.staff_id,
    calcom_bookings.c.starts_at,
    postgresql_where=text("appointment_id IS NULL AND standing < 3"),
)

# What others told us, and what became of it. Nothing here is needed to book: it could be emptied at any time.
webhook_inbox = Table(
    "webhook_inbox",
    metadata,
    Column("id", UUID, primary_key=True),
    tenant_id(),
    Column("source", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("subject", Text, nullable=False),
    # SHA-256 of the raw body: the same bytes are stored once.
    Column("digest", Text, nullable=False),
    # As it was signed, byte for byte; bytes that are no text arrive as well.
    Column("body", LargeBinary),
    Column("synthetic", Boolean, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False, server_default=DeliveryState.RECEIVED.value),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("result", Text),
    Column("error", Text),
    Column("processed_at", DateTime(timezone=True)),
    CheckConstraint(one_of(tuple(DeliveryState)), name="state"),
    UniqueConstraint("tenant_id", "source", "digest"),
)

Index("ix_webhook_inbox_received_at", webhook_inbox.c.received_at)
Index("ix_webhook_inbox_subject", webhook_inbox.c.tenant_id, webhook_inbox.c.subject)
Index(
    "ix_webhook_inbox_bodies",
    webhook_inbox.c.processed_at,
    postgresql_where=text("state = 'processed' AND body IS NOT NULL"),
)
Index("ix_webhook_inbox_waiting", webhook_inbox.c.received_at, postgresql_where=text("state = 'received'"))
