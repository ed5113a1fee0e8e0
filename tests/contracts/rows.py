"""A salon and its appointments in either database, the fake one and PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import create_engine

from booking_core.adapters.postgres import tables
from booking_core.adapters.postgres.keys import digest
from booking_core.domain.models import Appointment, Former, Reply, State, Traffic
from booking_core.domain.ports import Database
from booking_core.domain.rules import folded
from booking_core.domain.visits import stretches
from tests.factories import (
    API_KEY,
    COLOUR,
    HAIRCUT,
    NOW,
    OTHER_SALON,
    SALON,
    TEN_O_CLOCK,
    a_colour,
    a_wish,
    an_api_key,
    an_id,
    an_offering,
    an_origin,
)


def fill(url: str, *staff: str) -> None:
    """Store the salon of tests/factories.py in PostgreSQL."""
    engine = create_engine(url)
    keys = {SALON.id: API_KEY, OTHER_SALON.id: "sk_other"}
    with engine.begin() as connection:
        for salon in (SALON, OTHER_SALON):
            row = {
                "id": salon.id,
                "token": salon.token,
                "name": salon.name,
                "time_zone": salon.time_zone.key,
                "country": salon.country,
                "retell_api_key": salon.retell_api_key,
                "calcom_api_key": salon.calcom_api_key,
                "calcom_webhook_secret": salon.calcom_webhook_secret,
            }
            connection.execute(tables.tenants.insert().values(row))
            key = an_api_key(salon)
            stored = {**asdict(key), "scopes": sorted(key.scopes), "digest": digest(keys[salon.id])}
            connection.execute(tables.api_keys.insert().values(stored))
        for service in (HAIRCUT, COLOUR):
            aliases = list(service.aliases)
            spoken = [folded(word) for word in (service.slug, service.name, *aliases)]
            row = {"slug": service.slug, "name": service.name, "aliases": aliases, "spoken_names": spoken}
            connection.execute(tables.services.insert().values(id=service.id, tenant_id=SALON.id, **row))
    engine.dispose()
    hire(url, *staff or ("anna", "ben"))


def hire(url: str, *staff: str) -> None:
    """Let more people offer everything."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for name in staff:
            person = {"id": an_id(name), "tenant_id": SALON.id, "slug": name, "name": name.title()}
            connection.execute(tables.staff.insert().values(person))
            for offering in (an_offering(name), *a_colour(name)):
                names = ("service_id", "staff_id", "segment", "offset_minutes", "minutes", "calcom_event_type_id")
                row = {name: getattr(offering, name) for name in names}
                connection.execute(tables.offerings.insert().values(tenant_id=SALON.id, **row))
    engine.dispose()


async def an_appointment(database: Database, *, minutes: int = 0, traffic: Traffic = Traffic.REAL) -> Appointment:
    async with database.begin(SALON.id) as stores:
        customer = await stores.customers.resolve(SALON.id, a_wish(email="erika@example.org"))
    start = TEN_O_CLOCK + timedelta(minutes=minutes)
    offering, origin = an_offering("anna"), an_origin(traffic)
    end = start + timedelta(minutes=offering.minutes)
    return Appointment(uuid4(), SALON.id, offering, customer, start, end, origin, State.CREATING, uuid4(), NOW)


async def hold(database: Database, appointment: Appointment) -> bool:
    async with database.begin(SALON.id) as stores:
        return await stores.appointments.hold(appointment) is not None


async def settle(database: Database, seen: Appointment, state: State, uid: str | None = None) -> Appointment | None:
    async with database.begin(SALON.id) as stores:
        return await stores.appointments.settle(seen, state, calcom_uid=uid)


async def a_visit(database: Database, *, minutes: int = 0) -> list[Appointment]:
    """Return a visit for a colour, at Anna's, so long after ten o'clock."""
    whole = await an_appointment(database)
    ids, start = [uuid4(), uuid4()], TEN_O_CLOCK + timedelta(minutes=minutes)
    states = (State.CREATING, State.QUEUED)
    return [
        replace(
            whole,
            id=each,
            key=uuid4(),
            offering=segment,
            start=begin,
            end=end,
            visit_id=ids[0],
            state=states[segment.segment],
        )
        for each, segment, (begin, end) in zip(ids, a_colour("anna"), stretches(a_colour("anna"), start), strict=True)
    ]


def taking_the_place_of(former: Appointment, *, minutes: int) -> Appointment:
    later = timedelta(minutes=minutes)
    return replace(
        former,
        id=uuid4(),
        key=uuid4(),
        start=former.start + later,
        end=former.end + later,
        asked_at=NOW + timedelta(minutes=1),
        state=State.CREATING,
        calcom_uid=None,
        former=Former(former.id, former.state, former.calcom_uid, former.start),
        first_id=former.lineage,
    )


async def claim(database: Database, fingerprint: str = "f", *, minutes: int = 0) -> Reply | None:
    now = NOW + timedelta(minutes=minutes)
    async with database.begin(SALON.id) as stores:
        return await stores.requests.claim(
            SALON.id, "key-1", fingerprint, now=now, abandoned_before=now - timedelta(minutes=1)
        )
