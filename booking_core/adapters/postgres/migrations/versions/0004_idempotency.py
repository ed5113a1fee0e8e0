"""Answers that are given again to whoever repeats a request with its Idempotency-Key."""

from alembic import op

revision = "0004"
down_revision = "0003"

SCHEMA = """
CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL CONSTRAINT fk_idempotency_keys_tenant_id REFERENCES tenants,
    key text NOT NULL,
    fingerprint text NOT NULL,
    claimed_at timestamptz NOT NULL,
    status integer,
    body jsonb,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (tenant_id, key)
);
CREATE INDEX ix_idempotency_keys_claimed_at ON idempotency_keys (claimed_at);
"""


def upgrade() -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(SCHEMA)
