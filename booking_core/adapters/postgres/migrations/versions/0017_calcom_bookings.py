"""What Cal.com has told us of its bookings; those that others made take up time as well."""

from alembic import op

from booking_core.adapters.postgres.migrations.tenancy import of_tenants

revision = "0017"
down_revision = "0016"

SCHEMA = """
CREATE TABLE calcom_bookings (
    tenant_id uuid NOT NULL CONSTRAINT fk_calcom_bookings_tenant_id REFERENCES tenants,
    uid text NOT NULL,
    appointment_id uuid,
    staff_id uuid CONSTRAINT fk_calcom_bookings_staff_id REFERENCES staff,
    period tstzrange,
    standing smallint NOT NULL,
    successor text,
    CONSTRAINT pk_calcom_bookings PRIMARY KEY (tenant_id, uid)
);
CREATE INDEX ix_calcom_bookings_appointment_id ON calcom_bookings (tenant_id, appointment_id);
CREATE INDEX ix_calcom_bookings_taken ON calcom_bookings USING gist (staff_id, period)
    WHERE appointment_id IS NULL AND standing < 3;

CREATE INDEX ix_webhook_inbox_waiting ON webhook_inbox (received_at) WHERE state = 'received';
"""


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    for statements in (SCHEMA, of_tenants("calcom_bookings", core_may="SELECT, INSERT, UPDATE")):
        connection.exec_driver_sql(statements)
