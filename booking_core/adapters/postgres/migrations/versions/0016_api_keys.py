"""Several API keys per salon, each with a label and with what it may do; the one that each had becomes its first."""

from alembic import op

from booking_core.adapters.postgres.migrations.tenancy import of_tenants

revision = "0016"
down_revision = "0015"

SCHEMA = """
CREATE TABLE api_keys (
    id uuid CONSTRAINT pk_api_keys PRIMARY KEY,
    tenant_id uuid NOT NULL CONSTRAINT fk_api_keys_tenant_id REFERENCES tenants,
    digest text NOT NULL CONSTRAINT uq_api_keys_digest UNIQUE,
    label text NOT NULL,
    scopes text[] NOT NULL
        CONSTRAINT ck_api_keys_scopes CHECK (scopes <@ ARRAY['bookings:read', 'bookings:write']),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX ix_api_keys_tenant_id ON api_keys (tenant_id);

INSERT INTO api_keys (id, tenant_id, digest, label, scopes, created_at)
    SELECT gen_random_uuid(), id, api_key_sha256, 'first', ARRAY['bookings:read', 'bookings:write'], created_at
    FROM tenants;
ALTER TABLE tenants DROP COLUMN api_key_sha256;
"""


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    for statements in (SCHEMA, of_tenants("api_keys", core_may="SELECT, INSERT, UPDATE")):
        connection.exec_driver_sql(statements)
