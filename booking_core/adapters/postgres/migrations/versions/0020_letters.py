"""Letters to customers, put down in the transaction that calls for them, so that no crash loses one."""

from alembic import op

from booking_core.adapters.postgres.migrations.tenancy import of_tenants

revision = "0020"
down_revision = "0019"

SCHEMA = """
CREATE TABLE letters (
    appointment_id uuid NOT NULL CONSTRAINT fk_letters_appointment_id REFERENCES appointments ON DELETE CASCADE,
    kind text NOT NULL,
    revision integer NOT NULL DEFAULT 0,
    tenant_id uuid NOT NULL CONSTRAINT fk_letters_tenant_id REFERENCES tenants,
    put_down_at timestamptz NOT NULL DEFAULT now(),
    tries integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    result text CONSTRAINT ck_letters_result CHECK (result IN ('sent', 'failed', 'obsolete')),
    CONSTRAINT pk_letters PRIMARY KEY (appointment_id, kind, revision)
);
CREATE UNIQUE INDEX uq_letters_ending ON letters (appointment_id)
    WHERE kind IN ('not-possible', 'cancelled', 'called-off');
CREATE INDEX ix_letters_next_try_at ON letters (next_try_at) WHERE result IS NULL;
"""


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    for statements in (SCHEMA, of_tenants("letters", core_may="SELECT, INSERT, UPDATE")):
        connection.exec_driver_sql(statements)
