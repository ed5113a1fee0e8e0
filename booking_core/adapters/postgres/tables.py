"""The schema as SQLAlchemy sees it; the migrations create it, and a test compares the two."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    and_,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, UUID, ExcludeConstraint

from booking_core.domain.letters import ENDINGS, LetterResult
from booking_core.domain.models import OCCUPYING, UNSETTLED, State
from booking_core.domain.webhooks import DeliveryState

# No appointment is longer; the table refuses it.
LONGEST = timedelta(hours=24)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

_now = func.now()


def _one_of(states: tuple[StrEnum, ...]) -> str:
    return "state IN (" + ", ".join(f"'{state.value}'" for state in states) + ")"


def _tenant() -> Column[object]:
    return Column("tenant_id", UUID, ForeignKey("tenants.id"), nullable=False)


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
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_now),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", UUID, primary_key=True),
    _tenant(),
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
    _tenant(),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("aliases", ARRAY(Text), nullable=False),
    # Slug, name and aliases, folded: what a caller may say to mean this service.
    Column("spoken_names", ARRAY(Text), nullable=False),
    UniqueConstraint("tenant_id", "slug"),
)

staff = Table(
    "staff",
    metadata,
    Column("id", UUID, primary_key=True),
    _tenant(),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("tenant_id", "slug"),
)

offerings = Table(
    "offerings",
    metadata,
    _tenant(),
    Column("service_id", UUID, ForeignKey("services.id"), primary_key=True),
    Column("staff_id", UUID, ForeignKey("staff.id"), primary_key=True),
    # Mostly one; the next begins so many minutes after the visit does, and the gap before it is anybody's.
    Column("segment", SmallInteger, primary_key=True, server_default=text("0")),
    Column("offset_minutes", Integer, nullable=False, server_default=text("0")),
    Column("minutes", Integer, nullable=False),
    Column("calcom_event_type_id", BigInteger, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("id", UUID, primary_key=True),
    _tenant(),
    Column("phone", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    # domain/engagement.py says what it means.
    Column("engagement_score", SmallInteger, nullable=False, server_default=text("0")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_now),
    UniqueConstraint("tenant_id", "phone"),
)

appointments = Table(
    "appointments",
    metadata,
    Column("id", UUID, primary_key=True),
    _tenant(),
    Column("service_id", UUID, ForeignKey("services.id"), nullable=False),
    Column("staff_id", UUID, ForeignKey("staff.id"), nullable=False),
    Column("customer_id", UUID, ForeignKey("customers.id"), nullable=False),
    # Half open: an appointment may begin in the very second another ends.
    Column("period", TSTZRANGE, nullable=False),
    # Which part of the service, and the first part's id where there are several.
    Column("segment", SmallInteger, nullable=False, server_default=text("0")),
    Column("visit_id", UUID),
    Column("state", Text, nullable=False),
    Column("key", UUID, nullable=False),
    Column("calcom_uid", Text),
    Column("doubted_at", DateTime(timezone=True)),
    Column("looks", Integer, nullable=False, server_default=text("0")),
    Column("cancellation_reason", Text),
    # What takes the place of another says so, and which was the first: all times of one visit share a lineage.
    Column("replaces", UUID, ForeignKey("appointments.id")),
    Column("first_id", UUID),
    Column("lineage", UUID, Computed("COALESCE(first_id, id)", persisted=True), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("channel", Text, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("correlation_id", Text, nullable=False),
    # By which the voice agent spoke; null where none did, or one that did not say.
    Column("prompt_version", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_now),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_now),
    # The period once more, for conditions: see `touches`.
    Column("starts_at", DateTime(timezone=True), Computed("lower(period)", persisted=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), Computed("upper(period)", persisted=True), nullable=False),
    CheckConstraint(_one_of(tuple(State)), name="state"),
    CheckConstraint("upper(period) - lower(period) <= interval '24 hours'", name="length"),
    # The last word on double bookings: no code path can forget it.
    ExcludeConstraint(
        ("tenant_id", "="),
        ("staff_id", "="),
        ("period", "&&"),
        # A visit may be moved onto its own former time.
        ("lineage", "<>"),
        where=text(_one_of(OCCUPYING)),
        using="gist",
        name="no_overlap",
    ),
)

letters = Table(
    "letters",
    metadata,
    Column("appointment_id", UUID, ForeignKey("appointments.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, server_default=text("0")),
    _tenant(),
    Column("put_down_at", DateTime(timezone=True), nullable=False, server_default=_now),
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
    _tenant(),
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
    CheckConstraint(_one_of(tuple(DeliveryState)), name="state"),
    UniqueConstraint("tenant_id", "source", "digest"),
)

Index("ix_webhook_inbox_received_at", webhook_inbox.c.received_at)

inconsistencies = Table(
    "inconsistencies",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    _tenant(),
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
    Column("resolved_at", DateTime(timezone=True)),
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

# A difference is open once; resolved ones stay for the record.
Index(
    "uq_inconsistencies_open",
    inconsistencies.c.tenant_id,
    inconsistencies.c.kind,
    inconsistencies.c.subject,
    unique=True,
    postgresql_where=text("resolved_at IS NULL"),
)
Index("ix_webhook_inbox_subject", webhook_inbox.c.tenant_id, webhook_inbox.c.subject)
Index(
    "ix_webhook_inbox_bodies",
    webhook_inbox.c.processed_at,
    postgresql_where=text("state = 'processed' AND body IS NOT NULL"),
)
Index("ix_webhook_inbox_waiting", webhook_inbox.c.received_at, postgresql_where=text("state = 'received'"))
Index("ix_idempotency_keys_claimed_at", idempotency_keys.c.claimed_at)
Index("ix_services_spoken_names", services.c.spoken_names, postgresql_using="gin")
Index(
    "ix_appointments_unsettled",
    appointments.c.created_at,
    postgresql_where=text(_one_of(UNSETTLED)),
)
# One living appointment per wish: of many copies of one request, one makes the booking and all get its answer.
Index(
    "uq_appointments_key",
    appointments.c.tenant_id,
    appointments.c.key,
    unique=True,
    postgresql_where=text(_one_of(OCCUPYING)),
)
Index(
    "ix_appointments_stretches",
    appointments.c.tenant_id,
    appointments.c.staff_id,
    appointments.c.starts_at,
    postgresql_where=text(_one_of(OCCUPYING)),
)
# Nothing is moved to two times at once.
Index(
    "uq_appointments_replaces",
    appointments.c.replaces,
    unique=True,
    postgresql_where=text(_one_of(OCCUPYING)),
)
Index("ix_appointments_lineage", appointments.c.lineage)
Index(
    "ix_appointments_synthetic",
    appointments.c.created_at,
    postgresql_where=text("synthetic AND state IN ('confirmed', 'pending')"),
)
# All parts of one visit.
Index(
    "ix_appointments_visit",
    appointments.c.tenant_id,
    appointments.c.visit_id,
    postgresql_where=text("visit_id IS NOT NULL"),
)
# Whose turn it is.
Index("ix_appointments_turn", appointments.c.tenant_id, appointments.c.staff_id, appointments.c.created_at)
# What a caller had done last.
Index(
    "ix_appointments_customer",
    appointments.c.customer_id,
    appointments.c.created_at,
    postgresql_where=text("state = 'confirmed'"),
)
Index("ix_appointments_calcom_uid", appointments.c.calcom_uid)


def touches(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Select the appointments that touch a stretch of time.

    Not by the overlap of ranges: under row-level security only leak-proof comparisons may use an index, and that one is
    none. With 50 000 appointments behind each of two people it took 104 ms, this 0.1 ms.
    """
    within_reach = and_(appointments.c.starts_at > start - LONGEST, appointments.c.starts_at < end)
    return and_(within_reach, appointments.c.ends_at > start)


Index(
    "ix_appointments_cancelled",
    appointments.c.customer_id,
    postgresql_where=text("state = 'cancelled'"),
)
