"""How many bookings live in one world only, for the sidecar."""

from alembic import op

from booking_core.adapters.postgres.migrations.tenancy import read_by_sidecar

revision = "0014"
down_revision = "0013"

# As domain/discrepancies.py believes: seen in two runs, a minute apart.
VIEW = """
CREATE VIEW monitoring_orphans AS
    SELECT kind, count(*) AS bookings
    FROM inconsistencies
    WHERE resolved_at IS NULL AND kind IN ('orphan_there', 'orphan_here')
        AND sightings > 1 AND last_seen - first_seen >= interval '60 seconds'
    GROUP BY kind;
"""


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    for statements in (VIEW, read_by_sidecar("monitoring_orphans")):
        connection.exec_driver_sql(statements)
