"""Bookings that wait for Cal.com, wishes that are not fulfilled twice, and doubt that is written down."""

from alembic import op

revision = "0003"
down_revision = "0002"

UPGRADE = """
ALTER TABLE appointments DROP CONSTRAINT ck_appointments_state;
ALTER TABLE appointments ADD CONSTRAINT ck_appointments_state
    CHECK (state IN ('creating', 'queued', 'confirmed', 'unknown', 'released', 'failed', 'cancelled'));

ALTER TABLE appointments DROP CONSTRAINT no_overlap;
ALTER TABLE appointments ADD CONSTRAINT no_overlap
    EXCLUDE USING gist (tenant_id WITH =, staff_id WITH =, period WITH &&)
    WHERE (state IN ('creating', 'queued', 'confirmed', 'unknown'));

ALTER TABLE appointments ADD COLUMN doubted_at timestamptz;
ALTER TABLE appointments ADD COLUMN looks integer NOT NULL DEFAULT 0;
UPDATE appointments SET doubted_at = updated_at WHERE state = 'unknown';

-- What was booked before had no key; its own id is one that nobody can repeat.
ALTER TABLE appointments ADD COLUMN key uuid;
UPDATE appointments SET key = id;
ALTER TABLE appointments ALTER COLUMN key SET NOT NULL;
CREATE UNIQUE INDEX uq_appointments_key ON appointments (tenant_id, key)
    WHERE state IN ('creating', 'queued', 'confirmed', 'unknown');

DROP INDEX ix_appointments_unsettled;
CREATE INDEX ix_appointments_unsettled ON appointments (created_at) WHERE state IN ('creating', 'queued', 'unknown');
"""

VIEWS = """
DROP VIEW monitoring_unsettled;
CREATE VIEW monitoring_unsettled AS
    SELECT
        count(*) FILTER (WHERE state = 'unknown') AS unknown_outcomes,
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE state = 'creating')), 0)::float8
            AS inflight_oldest_age_seconds,
        count(*) FILTER (WHERE state = 'queued') AS backlog,
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE state IN ('queued', 'unknown'))), 0)::float8
            AS backlog_oldest_age_seconds
    FROM appointments
    WHERE state IN ('creating', 'queued', 'unknown');
"""


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(UPGRADE)
    connection.exec_driver_sql(VIEWS)
