"""The store of salons."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import tenants
from booking_core.domain.models import PromptVersion, Tenant


class PostgresTenants:
    """Salons."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find_by_token(self, token: str) -> Tenant | None:
        row = (await self._connection.execute(select(tenants).where(tenants.c.token == token))).one_or_none()
        return tenant_of(row) if row else None

    async def get(self, tenant_id: UUID) -> Tenant:
        row = (await self._connection.execute(select(tenants).where(tenants.c.id == tenant_id))).one()
        return tenant_of(row)

    async def every(self) -> Sequence[Tenant]:
        rows = await self._connection.execute(select(tenants).order_by(tenants.c.created_at, tenants.c.id))
        return [tenant_of(row) for row in rows]


def tenant_of(row: Row[tuple[object, ...]]) -> Tenant:
    """Read a salon from a row that has all its columns."""
    return Tenant(
        id=row.id,
        token=row.token,
        name=row.name,
        time_zone=ZoneInfo(row.time_zone),
        country=row.country,
        retell_api_key=row.retell_api_key,
        calcom_api_key=row.calcom_api_key,
        calcom_webhook_secret=row.calcom_webhook_secret,
        agents={PromptVersion(version): agent for version, agent in row.retell_agents.items()},
    )
