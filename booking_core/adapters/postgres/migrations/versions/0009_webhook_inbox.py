"""The inbox of webhooks, and the secret that Cal.com signs them with."""

from alembic import op

from booking_core.adapters.postgres.migrations.tenancy import of_tenants

revision = "0009"
down_revision = "0008"

SCHEMA = """
ALTER TABLE tenants ADD COLUMN calcom_webhook_secret text;

CREATE TABLE webhook_inbox (
    id uuid CONSTRAINT pk_webhook_inbox PRIMARY KEY,
    tenant_id uuid NOT NULL CONSTRAINT fk_webhook_inbox_tenant_id REFERENCES tenants,
    source text NOT NULL,
    event text NOT NULL,
    key text NOT NULL,
    subject text NOT NULL,
    digest text NOT NULL,
    body bytea,
    synthetic boolean NOT NULL,
    correlation_id text NOT NULL,
    received_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'received'
        CONSTRAINT ck_webhook_inbox_state CHECK (state IN ('received', 'processed', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    result text,
    error text,
    processed_at timestamptz,
    CONSTRAINT uq_webhook_inbox_tenant_id_source_digest UNIQUE (tenant_id, source, digest)
);
CREATE INDEX ix_webhook_inbox_received_at ON webhook_inbox (received_at);
"""


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    for statements in (SCHEMA, of_tenants("webhook_inbox", core_may="SELECT, INSERT, UPDATE")):
        connection.exec_driver_sql(statements)
