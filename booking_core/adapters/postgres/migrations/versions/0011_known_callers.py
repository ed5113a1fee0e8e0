"""The agents of a salon by prompt version; a customer's newest appointment, found without reading the others."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TABLE tenants ADD COLUMN retell_agents jsonb NOT NULL DEFAULT '{}'")
    op.execute(
        "CREATE INDEX ix_appointments_customer ON appointments (customer_id, created_at) WHERE state = 'confirmed'"
    )
