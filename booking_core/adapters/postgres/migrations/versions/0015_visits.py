"""Services of several segments, and the visits in which they are taken."""

from alembic import op

revision = "0015"
down_revision = "0014"

UPGRADE = """
ALTER TABLE offerings
    ADD COLUMN segment smallint NOT NULL DEFAULT 0,
    ADD COLUMN offset_minutes integer NOT NULL DEFAULT 0,
    DROP CONSTRAINT pk_offerings,
    ADD CONSTRAINT pk_offerings PRIMARY KEY (service_id, staff_id, segment);
ALTER TABLE appointments
    ADD COLUMN segment smallint NOT NULL DEFAULT 0,
    ADD COLUMN visit_id uuid;
CREATE INDEX ix_appointments_visit ON appointments (tenant_id, visit_id) WHERE visit_id IS NOT NULL;
"""


def upgrade() -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(UPGRADE)
