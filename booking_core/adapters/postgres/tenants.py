"""The store of salons, and what is kept of their keys."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import tenants
from booking_core.domain.models import PromptVersion, Tenant


def api_key_digest(key: str) -> str:
    """Return what is stored of an API key. Keys are long random words, so a plain digest cannot be guessed back."""
    return hashlib.sha256(key.encode()).hexdigest()


class PostgresTenants:
    """Salons."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find_by_token(self, token: str) -> Tenant | None:
        return await self._one(select(tenants).where(tenants.c.token == token))

    async def find_by_api_key(self, key: str) -> Tenant | None:
        return await self._one(select(tenants).where(tenants.c.api_key_sha256 == api_key_digest(key)))

    async def get(self, tenant_id: UUID) -> Tenant:
        row = (await self._connection.execute(select(tenants).where(tenants.c.id == tenant_id))).one()
        return _tenant(row)

    async def every(self) -> Sequence[Tenant]:
        rows = await self._connection.execute(select(tenants).order_by(tenants.c.created_at, tenants.c.id))
        return [_tenant(row) for row in rows]

    async def _one(self, query: Select[tuple[object, ...]]) -> Tenant | None:
        row = (await self._connection.execute(query)).one_or_none()
        return _tenant(row) if row else None


def _tenant(row: Row[tuple[object, ...]]) -> Tenant:
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
