"""Whose turn it is: the newest appointment of each member of staff, found without reading the others."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("ix_appointments_turn", "appointments", ["tenant_id", "staff_id", "created_at"])
