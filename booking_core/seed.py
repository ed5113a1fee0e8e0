"""A salon to begin with: one tenant, and the services and staff that Cal.com says it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, create_engine, func, select
from sqlalchemy.dialects.postgresql import insert

from booking_core.adapters.postgres import tables
from booking_core.adapters.postgres.keys import digest
from booking_core.adapters.postgres.sight import limited_to
from booking_core.domain.access import KeyScope
from booking_core.domain.models import Tenant
from booking_core.domain.ports import EVERY_TENANT
from booking_core.domain.rules import folded

# As Cal.com's API describes it.
EventType = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Salon:
    """What the tenant row of a new salon says."""

    token: str
    api_key: str
    retell_api_key: str
    calcom_api_key: str
    calcom_webhook_secret: str | None = None
    name: str = "Salon Demo"
    time_zone: str = "Europe/Berlin"
    country: str = "DE"

    def as_tenant(self) -> Tenant:
        """Return the tenant as the Cal.com client wants it, before it is stored."""
        return Tenant(
            UUID(int=0),
            self.token,
            self.name,
            ZoneInfo(self.time_zone),
            self.country,
            self.retell_api_key,
            self.calcom_api_key,
        )


def seed(
    database_url: str,
    salon: Salon,
    event_types: Sequence[EventType],
    *,
    new_id: Callable[[], UUID] = uuid4,
) -> int:
    """Store the salon and what it offers, and return how many event types; repeating it changes only what changed."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(limited_to(EVERY_TENANT))
        store = _Seeder(connection, new_id)
        tenant_id = store.tenant(salon)
        # A service is known by its first segment, to which the others belong.
        for event_type in sorted(event_types, key=_segment):
            store.offering(tenant_id, event_type)
    engine.dispose()
    return len(event_types)


class _Seeder:
    """Upserts, so that seeding twice is seeding once."""

    def __init__(self, connection: Connection, new_id: Callable[[], UUID]) -> None:
        self._connection = connection
        self._new_id = new_id

    def tenant(self, salon: Salon) -> UUID:
        values = {
            "name": salon.name,
            "time_zone": salon.time_zone,
            "country": salon.country,
            "retell_api_key": salon.retell_api_key,
            "calcom_api_key": salon.calcom_api_key,
            "calcom_webhook_secret": salon.calcom_webhook_secret,
        }
        tenant_id = self._upsert(tables.tenants, {"token": salon.token}, values)
        self._upsert(tables.api_keys, {"digest": digest(salon.api_key)}, self._first_key(tenant_id))
        return tenant_id

    def _first_key(self, tenant_id: UUID) -> Mapping[str, Any]:
        return {"tenant_id": tenant_id, "label": "seed", "scopes": list(KeyScope), "created_at": func.now()}

    def offering(self, tenant_id: UUID, event_type: EventType) -> None:
        service_id = self._service(tenant_id, event_type)
        segment = _segment(event_type)
        for host in event_type["users"]:
            staff = {"tenant_id": tenant_id, "slug": host["username"]}
            staff_id = self._upsert(tables.staff, staff, {"name": host["name"]})
            offering = {
                "tenant_id": tenant_id,
                "offset_minutes": int(_metadata(event_type).get("offset_minutes", 0)),
                "minutes": event_type["lengthInMinutes"],
                "calcom_event_type_id": event_type["id"],
            }
            key = {"service_id": service_id, "staff_id": staff_id, "segment": segment}
            row = insert(tables.offerings).values(**key, **offering)
            self._connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=offering))

    def _service(self, tenant_id: UUID, event_type: EventType) -> UUID:
        metadata = _metadata(event_type)
        if _segment(event_type):
            of_tenant = tables.services.c.tenant_id == tenant_id
            query = select(tables.services.c.id).where(of_tenant, tables.services.c.slug == metadata["service"])
            known: UUID = self._connection.execute(query).scalar_one()
            return known
        slug, title = event_type["slug"], event_type["title"]
        aliases = [alias.strip() for alias in metadata.get("aliases", "").split(",") if alias]
        spoken = sorted({folded(word) for word in (slug, title, *aliases)})
        names = {"name": title, "aliases": aliases, "spoken_names": spoken}
        return self._upsert(tables.services, {"tenant_id": tenant_id, "slug": slug}, names)

    def _upsert(self, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> UUID:
        row = insert(table).values(id=self._new_id(), **key, **values)
        upsert = row.on_conflict_do_update(index_elements=list(key), set_=dict(values)).returning(table.c.id)
        stored: UUID = self._connection.execute(upsert).scalar_one()
        return stored


def _metadata(event_type: EventType) -> Mapping[str, str]:
    return {name: str(value) for name, value in (event_type.get("metadata") or {}).items()}


def _segment(event_type: EventType) -> int:
    """Return which part of a service this is; the first, and mostly the only one, is 0."""
    return int(_metadata(event_type).get("segment", 0))
