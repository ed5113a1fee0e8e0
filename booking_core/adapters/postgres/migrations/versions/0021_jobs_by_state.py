"""How many jobs wait, run, and were given up, for the sidecar."""

from alembic import op

from booking_core.adapters.postgres.migrations.tenancy import read_by_sidecar

revision = "0021"
down_revision = "0020"

# Those that are done are deleted; what was aborted was put back, so only these three say anything.
VIEW = """
CREATE VIEW monitoring_jobs AS
    SELECT CASE status WHEN 'todo' THEN 'waiting' WHEN 'doing' THEN 'running' ELSE 'given_up' END AS state,
        count(*) AS jobs
    FROM procrastinate_jobs
    WHERE status IN ('todo', 'doing', 'failed')
    GROUP BY 1;
"""


def upgrade() -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    for statements in (VIEW, read_by_sidecar("monitoring_jobs")):
        connection.exec_driver_sql(statements)
