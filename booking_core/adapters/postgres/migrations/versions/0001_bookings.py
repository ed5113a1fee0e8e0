"""Salons, what they offer, their customers, and appointments that cannot overlap."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMA = """
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE tenants (
    id uuid CONSTRAINT pk_tenants PRIMARY KEY,
    token text NOT NULL CONSTRAINT uq_tenants_token UNIQUE,
    name text NOT NULL,
    time_zone text NOT NULL,
    country text NOT NULL,
    api_key_sha256 text NOT NULL CONSTRAINT uq_tenants_api_key_sha256 UNIQUE,
    retell_api_key text NOT NULL,
    calcom_api_key text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE services (
    id uuid CONSTRAINT pk_services PRIMARY KEY,
    tenant_id uuid NOT NULL CONSTRAINT fk_services_tenant_id REFERENCES tenants,
    slug text NOT NULL,
    name text NOT NULL,
    aliases text[] NOT NULL,
    spoken_names text[] NOT NULL,
    CONSTRAINT uq_services_tenant_id_slug UNIQUE (tenant_id, slug)
);
CREATE INDEX ix_services_spoken_names ON services USING gin (spoken_names);

CREATE TABLE staff (
    id uuid CONSTRAINT pk_staff PRIMARY KEY,
    tenant_id uuid NOT NULL CONSTRAINT fk_staff_tenant_id REFERENCES tenants,
    slug text NOT NULL,
    name text NOT NULL,
    CONSTRAINT uq_staff_tenant_id_slug UNIQUE (tenant_id, slug)
);

CREATE TABLE offerings (
    service_id uuid NOT NULL CONSTRAINT fk_offerings_service_id REFERENCES services,
    staff_id uuid NOT NULL CONSTRAINT fk_offerings_staff_id REFERENCES staff,
    minutes integer NOT NULL,
    calcom_event_type_id bigint NOT NULL,
    CONSTRAINT pk_offerings PRIMARY KEY (service_id, staff_id)
);

CREATE TABLE customers (
    id uuid CONSTRAINT pk_customers PRIMARY KEY,
    tenant_id uuid NOT NULL CONSTRAINT fk_customers_tenant_id REFERENCES tenants,
    phone text NOT NULL,
    name text NOT NULL,
    email text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT uq_customers_tenant_id_phone UNIQUE (tenant_id, phone)
);

CREATE TABLE appointments (
    id uuid CONSTRAINT pk_appointments PRIMARY KEY,
    tenant_id uuid NOT NULL CONSTRAINT fk_appointments_tenant_id REFERENCES tenants,
    service_id uuid NOT NULL CONSTRAINT fk_appointments_service_id REFERENCES services,
    staff_id uuid NOT NULL CONSTRAINT fk_appointments_staff_id REFERENCES staff,
    customer_id uuid NOT NULL CONSTRAINT fk_appointments_customer_id REFERENCES customers,
    period tstzrange NOT NULL,
    state text NOT NULL,
    calcom_uid text,
    channel text NOT NULL,
    synthetic boolean NOT NULL,
    correlation_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ck_appointments_state
        CHECK (state IN ('creating', 'confirmed', 'unknown', 'released', 'failed', 'cancelled')),
    CONSTRAINT no_overlap EXCLUDE USING gist (tenant_id WITH =, staff_id WITH =, period WITH &&)
        WHERE (state IN ('creating', 'confirmed', 'unknown'))
);
CREATE INDEX ix_appointments_unsettled ON appointments (created_at) WHERE state IN ('creating', 'unknown');
CREATE INDEX ix_appointments_synthetic ON appointments (created_at) WHERE synthetic AND state = 'confirmed';
CREATE INDEX ix_appointments_calcom_uid ON appointments (calcom_uid);
"""

# What the sidecar may read; it knows these names and no table.
VIEWS = """
CREATE VIEW monitoring_unsettled AS
    SELECT
        count(*) FILTER (WHERE state = 'unknown') AS unknown_outcomes,
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE state = 'creating')), 0)::float8
            AS inflight_oldest_age_seconds
    FROM appointments
    WHERE state IN ('creating', 'unknown');
"""


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(SCHEMA)
    connection.exec_driver_sql(VIEWS)
