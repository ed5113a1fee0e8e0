"""The migrations are one chain: two that landed under one number would leave no database to start with."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

from booking_core.adapters.postgres import migrations


def test_the_migrations_are_one_chain():
    chain = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert len(chain.get_heads()) == 1
