"""The store of API keys: digests only, so that whoever reads the table holds no key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import api_keys, tenants
from booking_core.adapters.postgres.tenants import tenant_of
from booking_core.domain.access import ApiKey, Bearer, KeyScope


def digest(key: str) -> str:
    """Return what is stored of a key. Keys are long random words, so a plain digest cannot be guessed back."""
    return hashlib.sha256(key.encode()).hexdigest()


class PostgresKeys:
    """API keys; a revoked one stays listed and opens nothing."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find_bearer(self, key: str) -> Bearer | None:
        query = (
            select(tenants, api_keys.c.id.label("key_id"), api_keys.c.scopes)
            .join_from(api_keys, tenants, tenants.c.id == api_keys.c.tenant_id)
            .where(api_keys.c.digest == digest(key), api_keys.c.revoked_at.is_(None))
        )
        row = (await self._connection.execute(query)).one_or_none()
        return Bearer(row.key_id, tenant_of(row), _scopes(row.scopes)) if row else None

    async def add(self, api_key: ApiKey, key: str) -> None:
        row = {
            "id": api_key.id,
            "tenant_id": api_key.tenant_id,
            "digest": digest(key),
            "label": api_key.label,
            "scopes": sorted(api_key.scopes),
            "created_at": api_key.created_at,
        }
        await self._connection.execute(insert(api_keys).values(row))

    async def all_of(self, tenant_id: UUID) -> Sequence[ApiKey]:
        query = select(api_keys).where(api_keys.c.tenant_id == tenant_id).order_by(api_keys.c.created_at, api_keys.c.id)
        return [_api_key(row) for row in await self._connection.execute(query)]

    async def revoke(self, tenant_id: UUID, key_id: UUID, *, at: datetime) -> bool:
        living = api_keys.c.revoked_at.is_(None)
        theirs = update(api_keys).where(api_keys.c.tenant_id == tenant_id, api_keys.c.id == key_id, living)
        return (await self._connection.execute(theirs.values(revoked_at=at))).rowcount > 0


def _api_key(row: Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(row.id, row.tenant_id, row.label, _scopes(row.scopes), row.created_at, row.revoked_at)


def _scopes(stored: Sequence[str]) -> frozenset[KeyScope]:
    """Read scopes; one that a newer version knows allows nothing here."""
    return frozenset(scope for scope in KeyScope if scope in stored)
