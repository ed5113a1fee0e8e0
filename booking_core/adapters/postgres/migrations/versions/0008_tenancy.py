"""Rows that only their own tenant sees, and roles that cannot look past that."""

from alembic import op

from booking_core.adapters.postgres.migrations.tenancy import CORE, SIDECAR, of_tenants, read_by_sidecar

revision = "0008"
down_revision = "0007"

OFFERINGS = """
ALTER TABLE offerings ADD COLUMN tenant_id uuid CONSTRAINT fk_offerings_tenant_id REFERENCES tenants;
UPDATE offerings SET tenant_id = services.tenant_id FROM services WHERE services.id = offerings.service_id;
ALTER TABLE offerings ALTER COLUMN tenant_id SET NOT NULL;
"""

# Roles belong to the whole cluster. Whoever lacks the right to make them finds them made by the administrator. Made
# here they have no password: where the server asks for one, nobody enters until it is set.
ROLES = "".join(
    f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration was quicker
END $$;
"""
    for role in (CORE, SIDECAR)
)

# Jobs carry ids only, and a worker takes whichever is next: they are nobody's rows.
QUEUE = f"""
GRANT SELECT, INSERT, UPDATE, DELETE ON
    procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, procrastinate_workers TO {CORE};
GRANT USAGE ON SEQUENCE
    procrastinate_jobs_id_seq, procrastinate_events_id_seq, procrastinate_periodic_defers_id_seq,
    procrastinate_workers_id_seq TO {CORE};
"""

# Without it the sidecar still counts the connections of others, but not what they do.
STATISTICS = f"""
DO $$ BEGIN
    GRANT pg_read_all_stats TO {SIDECAR};
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'let an administrator run: GRANT pg_read_all_stats TO {SIDECAR}';
END $$;
"""

POLICIES = (
    of_tenants("tenants", owner="id", core_may="SELECT"),
    of_tenants("services", core_may="SELECT"),
    of_tenants("staff", core_may="SELECT"),
    of_tenants("offerings", core_may="SELECT"),
    of_tenants("customers", core_may="SELECT, INSERT, UPDATE"),
    of_tenants("appointments", core_may="SELECT, INSERT, UPDATE"),
    of_tenants("idempotency_keys", core_may="SELECT, INSERT, UPDATE, DELETE"),
)


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    for statements in (OFFERINGS, ROLES, *POLICIES, QUEUE, read_by_sidecar("monitoring_unsettled"), STATISTICS):
        connection.exec_driver_sql(statements)
