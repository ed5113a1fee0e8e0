"""A version per appointment: whoever writes about one says which version they saw."""

from alembic import op

revision = "0006"
down_revision = "0005"

UPGRADE = """
ALTER TABLE appointments ADD COLUMN version integer NOT NULL DEFAULT 0;
"""


def upgrade() -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(UPGRADE)
