"""Where Cal.com and we differ, remembered from run to run, and what each run came to."""

from alembic import op

from booking_core.adapters.postgres.migrations.tenancy import of_tenants

revision = "0012"
down_revision = "0011"

SCHEMA = """
CREATE TABLE inconsistencies (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_inconsistencies PRIMARY KEY,
    tenant_id uuid NOT NULL CONSTRAINT fk_inconsistencies_tenant_id REFERENCES tenants,
    kind text NOT NULL,
    subject text NOT NULL,
    appointment_id uuid,
    calcom_uid text,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    sightings integer NOT NULL DEFAULT 1,
    action text,
    acted_at timestamptz,
    resolved_at timestamptz
);
CREATE UNIQUE INDEX uq_inconsistencies_open ON inconsistencies (tenant_id, kind, subject) WHERE resolved_at IS NULL;

CREATE TABLE reconciliation_runs (
    tenant_id uuid NOT NULL CONSTRAINT fk_reconciliation_runs_tenant_id REFERENCES tenants,
    started_at timestamptz NOT NULL,
    here integer NOT NULL,
    there integer NOT NULL,
    findings jsonb NOT NULL,
    outcomes jsonb NOT NULL,
    error text,
    CONSTRAINT pk_reconciliation_runs PRIMARY KEY (tenant_id, started_at)
);
"""


POLICIES = (
    of_tenants("inconsistencies", core_may="SELECT, INSERT, UPDATE, DELETE"),
    of_tenants("reconciliation_runs", core_may="SELECT, INSERT, DELETE"),
)


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    for statements in (SCHEMA, *POLICIES):
        connection.exec_driver_sql(statements)
