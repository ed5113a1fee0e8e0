"""The times that others have booked past us, found by an index under row-level security: ranges are not."""

from alembic import op

revision = "0018"
down_revision = "0017"

UPGRADE = """
DROP INDEX ix_calcom_bookings_taken;
ALTER TABLE calcom_bookings ADD COLUMN starts_at timestamptz, ADD COLUMN ends_at timestamptz;
UPDATE calcom_bookings SET starts_at = lower(period), ends_at = upper(period);
ALTER TABLE calcom_bookings DROP COLUMN period;
CREATE INDEX ix_calcom_bookings_taken ON calcom_bookings (tenant_id, staff_id, starts_at)
    WHERE appointment_id IS NULL AND standing < 3;
"""


def upgrade() -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(UPGRADE)
