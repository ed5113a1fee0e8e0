"""When an appointment begins and ends, in columns whose comparison may use an index under row-level security."""

from alembic import op

revision = "0010"
down_revision = "0009"

UPGRADE = """
ALTER TABLE appointments
    ADD COLUMN starts_at timestamptz NOT NULL GENERATED ALWAYS AS (lower(period)) STORED,
    ADD COLUMN ends_at timestamptz NOT NULL GENERATED ALWAYS AS (upper(period)) STORED,
    ADD CONSTRAINT ck_appointments_length CHECK (upper(period) - lower(period) <= interval '24 hours');
CREATE INDEX ix_appointments_stretches ON appointments (tenant_id, staff_id, starts_at)
    WHERE state IN ('creating', 'queued', 'confirmed', 'unknown');
"""


def upgrade() -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(UPGRADE)
