"""How attached a customer is, counted from the appointments."""

from alembic import op

revision = "0025"
down_revision = "0024"

UPGRADE = """
ALTER TABLE customers ADD COLUMN engagement_score smallint NOT NULL DEFAULT 0;
CREATE INDEX ix_appointments_cancelled ON appointments (customer_id) WHERE state = 'cancelled';
"""


def upgrade() -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(UPGRADE)
