"""Three salons in PostgreSQL that look alike: same phones, words and keys; only ids and names tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from booking_core import seed as seeding
from booking_core.adapters.postgres import tables
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.domain.models import Appointment, CustomerWish, Offering, Reply, State, Tenant, Traffic
from booking_core.domain.ports import EVERY_TENANT, Stores
from booking_core.domain.webhooks import Delivery, Source
from tests.factories import NOW, TEN_O_CLOCK, an_origin

PHONES = ("+4930901820", "+4930901821", "+4930901822")
KEYS = ("key-1", "key-2")
OF_TENANTS = sorted(tables.metadata.tables)


@dataclass
class Filled:
    """A salon and what was stored for it; its `mark` is in every name."""

    mark: str
    tenant: Tenant
    offerings: Sequence[Offering] = ()
    appointments: list[Appointment] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)


async def open_salons(database: PostgresDatabase, owner_url: str) -> list[Filled]:
    """Fill an empty database with three salons and random rows of each."""
    chance = Random(11)
    return [await _open(database, owner_url, mark, chance) for mark in ("Alder", "Birch", "Cedar")]


async def _open(database: PostgresDatabase, owner_url: str, mark: str, chance: Random) -> Filled:
    token, key = f"token-{mark}", f"sk_{mark}"
    salon = seeding.Salon(token, key, f"retell-{mark}", f"cal-{mark}", name=f"Salon {mark}")
    seeding.seed(owner_url, salon, [_event_type(mark, number) for number in range(2)])
    async with database.begin(EVERY_TENANT) as stores:
        tenant = await stores.tenants.find_by_token(token)
    assert tenant is not None
    filled = Filled(mark, tenant)
    async with database.begin(tenant.id) as stores:
        filled.offerings = await stores.services.offerings(tenant.id, "service-0")
        for state in State:
            filled.appointments += await _appointments(stores, filled, state, chance)
        for each in KEYS:
            await stores.requests.claim(tenant.id, each, "f", now=NOW, abandoned_before=NOW)
            await stores.requests.remember(tenant.id, each, Reply(201, {"of": mark}))
        for source in Source:
            delivery = _delivery(tenant.id, mark, source)
            assert await stores.inbox.store(delivery)
            filled.deliveries.append(delivery)
    return filled


def _event_type(mark: str, number: int) -> seeding.EventType:
    hosts = [{"username": each, "name": f"{each} of {mark}"} for each in ("anna", "ben")]
    title = f"Service {number} of {mark}"
    return {"slug": f"service-{number}", "title": title, "lengthInMinutes": 30, "id": number, "users": hosts}


async def _appointments(stores: Stores, filled: Filled, state: State, chance: Random) -> list[Appointment]:
    made = []
    for _ in range(chance.randint(1, 3)):
        wish = CustomerWish(f"Guest of {filled.mark}", chance.choice(PHONES), f"guest@{filled.mark}.example")
        customer = await stores.customers.resolve(filled.tenant.id, wish)
        start = TEN_O_CLOCK + timedelta(minutes=30 * chance.randint(0, 2000))
        origin = an_origin(chance.choice(list(Traffic)))
        offering, end = chance.choice(filled.offerings), start + timedelta(minutes=30)
        appointment = Appointment(
            uuid4(), filled.tenant.id, offering, customer, start, end, origin, state, uuid4(), NOW
        )
        if await stores.appointments.hold(appointment):
            made.append(appointment)
    return made


def _delivery(tenant_id: UUID, mark: str, source: Source) -> Delivery:
    told = (source, "told", "same-key", "same-subject", "same-digest", Traffic.REAL, "same-id", NOW)
    return Delivery(uuid4(), tenant_id, *told, f"body of {mark}".encode())


def snapshot(owner_url: str, *, but: UUID | None = None) -> dict[str, list[str]]:
    """Return every row of every tenant but one, as its owner sees it."""
    with psycopg.connect(owner_url.replace("+psycopg", "")) as owner:
        return {table: _rows(owner, table, but) for table in OF_TENANTS}


def _rows(owner: psycopg.Connection[Any], table: str, but: UUID | None) -> list[str]:
    column = "id" if table == "tenants" else "tenant_id"
    query = sql.SQL("SELECT t::text FROM {} t WHERE {} IS DISTINCT FROM %s ORDER BY 1").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    return [row[0] for row in owner.execute(query, (but,)).fetchall()]
