"""Cancellations that wait for Cal.com, and bookings that wait for the salon's word."""

from alembic import op

revision = "0013"
down_revision = "0012"

UPGRADE = """
ALTER TABLE appointments ADD COLUMN cancellation_reason text;

ALTER TABLE appointments DROP CONSTRAINT ck_appointments_state;
ALTER TABLE appointments ADD CONSTRAINT ck_appointments_state CHECK (state IN (
    'creating', 'queued', 'unknown', 'pending', 'confirmed', 'cancelling', 'released', 'failed', 'cancelled'
));

ALTER TABLE appointments DROP CONSTRAINT no_overlap;
ALTER TABLE appointments ADD CONSTRAINT no_overlap
    EXCLUDE USING gist (tenant_id WITH =, staff_id WITH =, period WITH &&)
    WHERE (state IN ('creating', 'queued', 'unknown', 'pending', 'confirmed', 'cancelling'));

DROP INDEX uq_appointments_key;
CREATE UNIQUE INDEX uq_appointments_key ON appointments (tenant_id, key)
    WHERE state IN ('creating', 'queued', 'unknown', 'pending', 'confirmed', 'cancelling');

DROP INDEX ix_appointments_stretches;
CREATE INDEX ix_appointments_stretches ON appointments (tenant_id, staff_id, starts_at)
    WHERE state IN ('creating', 'queued', 'unknown', 'pending', 'confirmed', 'cancelling');

DROP INDEX ix_appointments_unsettled;
CREATE INDEX ix_appointments_unsettled ON appointments (created_at)
    WHERE state IN ('creating', 'queued', 'unknown', 'pending', 'cancelling');

DROP INDEX ix_appointments_synthetic;
CREATE INDEX ix_appointments_synthetic ON appointments (created_at)
    WHERE synthetic AND state IN ('confirmed', 'pending');
"""

# What waits for Cal.com to cancel it is backlog, too, from the moment it was called off.
VIEWS = """
CREATE OR REPLACE VIEW monitoring_unsettled AS
    SELECT
        count(*) FILTER (WHERE state = 'unknown') AS unknown_outcomes,
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE state = 'creating')), 0)::float8
            AS inflight_oldest_age_seconds,
        count(*) FILTER (WHERE state IN ('queued', 'cancelling')) AS backlog,
        coalesce(extract(epoch FROM now() - min(CASE state WHEN 'cancelling' THEN doubted_at ELSE created_at END)
            FILTER (WHERE state IN ('queued', 'unknown', 'cancelling'))), 0)::float8 AS backlog_oldest_age_seconds
    FROM appointments
    WHERE state IN ('creating', 'queued', 'unknown', 'cancelling');
"""


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(UPGRADE)
    connection.exec_driver_sql(VIEWS)
