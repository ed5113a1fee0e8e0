"""A change that reconciliation is about to make counts before it is made, whichever run makes it."""

from alembic import op

revision = "0026"
down_revision = "0025"

UPGRADE = """
ALTER TABLE inconsistencies ADD COLUMN claimed_at timestamptz;
UPDATE inconsistencies SET claimed_at = acted_at
 WHERE action IN ('cancelled_there', 'cancelled_here', 'adopted', 'making_again');
"""


def upgrade() -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(UPGRADE)
