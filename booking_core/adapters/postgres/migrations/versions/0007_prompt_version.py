"""Which prompt the voice agent spoke by: the versions are compared by how long their calls take."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE appointments ADD COLUMN prompt_version text")
