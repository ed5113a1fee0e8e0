"""What was said in old deliveries is forgotten, and found for that by an index."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_webhook_inbox_bodies ON webhook_inbox (processed_at) "
        "WHERE state = 'processed' AND body IS NOT NULL"
    )
