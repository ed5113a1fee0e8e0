"""Appointments that take the place of another: both times are held until Cal.com has moved the booking."""

from alembic import op

revision = "0024"
down_revision = "0023"

UPGRADE = """
ALTER TABLE appointments
    ADD COLUMN replaces uuid CONSTRAINT fk_appointments_replaces REFERENCES appointments,
    ADD COLUMN first_id uuid,
    ADD COLUMN lineage uuid NOT NULL GENERATED ALWAYS AS (coalesce(first_id, id)) STORED;

ALTER TABLE appointments DROP CONSTRAINT ck_appointments_state;
ALTER TABLE appointments ADD CONSTRAINT ck_appointments_state CHECK (state IN (
    'creating', 'queued', 'unknown', 'pending', 'confirmed', 'cancelling', 'released', 'failed', 'cancelled', 'moved'
));

ALTER TABLE appointments DROP CONSTRAINT no_overlap;
ALTER TABLE appointments ADD CONSTRAINT no_overlap
    EXCLUDE USING gist (tenant_id WITH =, staff_id WITH =, period WITH &&, lineage WITH <>)
    WHERE (state IN ('creating', 'queued', 'unknown', 'pending', 'confirmed', 'cancelling'));

CREATE UNIQUE INDEX uq_appointments_replaces ON appointments (replaces)
    WHERE state IN ('creating', 'queued', 'unknown', 'pending', 'confirmed', 'cancelling');
CREATE INDEX ix_appointments_lineage ON appointments (lineage);
"""


def upgrade() -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(UPGRADE)
