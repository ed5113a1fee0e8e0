"""What every table is made with."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Column, ForeignKey, MetaData, func
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

NOW = func.now()


def one_of(states: tuple[StrEnum, ...]) -> str:
    return "state IN (" + ", ".join(f"'{state.value}'" for state in states) + ")"


def tenant_id() -> Column[object]:
    return Column("tenant_id", UUID, ForeignKey("tenants.id"), nullable=False)
