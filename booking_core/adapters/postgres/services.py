"""The store of what salons offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import offerings, services, staff
from booking_core.domain.models import Offering, ServiceNames
from booking_core.domain.rules import folded


class PostgresServices:
    """What is offered, and by whom."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def names(self, tenant_id: UUID) -> Sequence[ServiceNames]:
        query = select(services).where(services.c.tenant_id == tenant_id).order_by(services.c.slug)
        rows = await self._connection.execute(query)
        return [ServiceNames(row.id, row.slug, row.name, tuple(row.aliases)) for row in rows]

    async def offerings(self, tenant_id: UUID, service: str) -> Sequence[Offering]:
        return await self._offered(tenant_id, _meant(service))

    async def of_staff(self, tenant_id: UUID, staff_id: UUID) -> Sequence[Offering]:
        return await self._offered(tenant_id, offerings.c.staff_id == staff_id)

    async def _offered(self, tenant_id: UUID, condition: ColumnElement[bool]) -> Sequence[Offering]:
        query: Select[Any] = (
            select(
                services.c.id,
                services.c.slug,
                services.c.name,
                offerings.c.minutes,
                staff.c.id,
                staff.c.slug,
                staff.c.name,
                offerings.c.calcom_event_type_id,
                offerings.c.segment,
                offerings.c.offset_minutes,
            )
            .join_from(services, offerings, offerings.c.service_id == services.c.id)
            .join(staff, staff.c.id == offerings.c.staff_id)
            .where(services.c.tenant_id == tenant_id, condition)
            .order_by(staff.c.slug, services.c.slug, offerings.c.segment)
        )
        return [Offering(*row) for row in await self._connection.execute(query)]


def _meant(service: str) -> ColumnElement[bool]:
    try:
        return services.c.id == UUID(service)
    except ValueError:
        return services.c.spoken_names.contains([folded(service)])
