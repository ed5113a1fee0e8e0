"""Deliveries are found by what they are about."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_index("ix_webhook_inbox_subject", "webhook_inbox", ["tenant_id", "subject"])
