"""Only durable jobs are given up: a periodic one that failed is made up for by the next."""

from alembic import op

revision = "0023"
down_revision = "0022"

VIEW = """
CREATE OR REPLACE VIEW monitoring_jobs AS
    SELECT CASE status WHEN 'todo' THEN 'waiting' WHEN 'doing' THEN 'running' ELSE 'given_up' END AS state,
        count(*) AS jobs
    FROM procrastinate_jobs
    -- Periodic jobs take their own name as the lock of which one waits.
    WHERE status IN ('todo', 'doing') OR (status = 'failed' AND queueing_lock IS DISTINCT FROM task_name)
    GROUP BY 1;
"""


def upgrade() -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(VIEW)
