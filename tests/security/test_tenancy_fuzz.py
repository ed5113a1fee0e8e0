"""Whatever a store is asked on behalf of one salon, with whosever ids: no other salon's row is shown or touched.

The methods are found on the stores and their arguments by their types, so a new method is tried without being named.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, get_type_hints
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking_core.adapters.postgres.database import PostgresDatabase, PostgresStores
from booking_core.domain.models import Appointment, CustomerWish, Reply
from booking_core.domain.webhooks import Delivery
from tests.factories import NOW
from tests.security.salons import KEYS, PHONES, Filled, open_salons, snapshot

pytestmark = pytest.mark.integration

STORES = vars(PostgresStores(None))  # type: ignore[arg-type] - only looked at
METHODS = [
    (name, method)
    for name, store in STORES.items()
    for method, _ in inspect.getmembers(type(store), inspect.iscoroutinefunction)
    if not method.startswith("_")
]


@dataclass(frozen=True)
class World:
    """One database with three salons, and its addresses."""

    url: str
    owner_url: str
    salons: Sequence[Filled]

    def belongings(self, salon: Filled) -> set[str]:
        """Return the words that only this salon's rows contain."""
        ids = [each.id for each in (*salon.appointments, *salon.deliveries, salon.tenant)]
        ids += [each.customer.id for each in salon.appointments]
        ids += [each for offering in salon.offerings for each in (offering.service_id, offering.staff_id)]
        return {salon.mark, *map(str, ids)}


@pytest.fixture(scope="module")
def world(cluster) -> Iterator[World]:
    name = f"fuzz_{uuid4().hex}"
    cluster.create_database(name, template="migrated")
    url = cluster.url(name, scheme="postgresql+psycopg", role="slotwatch_core")
    owner_url = cluster.url(name, scheme="postgresql+psycopg")

    async def fill() -> Sequence[Filled]:
        database = PostgresDatabase(url)
        try:
            return await open_salons(database, owner_url)
        finally:
            await database.close()

    yield World(url, owner_url, asyncio.run(fill()))
    cluster.drop_database(name)


@pytest.fixture
async def database(world) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(world.url, pool_size=1)
    yield database
    await database.close()


def arguments(world: World, method: Any) -> st.SearchStrategy[Mapping[str, Any]]:
    """Return arguments of the right types, drawn from the rows of all three salons."""
    hints = get_type_hints(method)
    names = [name for name in inspect.signature(method).parameters if name != "self"]
    return st.fixed_dictionaries({name: _value(world, name, hints[name]) for name in names})


def _value(world: World, name: str, hint: Any) -> st.SearchStrategy[Any]:
    every = st.sampled_from
    ids = [each for salon in world.salons for each in (*salon.appointments, *salon.deliveries)]
    uuids = [each.id for each in ids] + [each.key for each in ids if isinstance(each, Appointment)]
    staff = [offering.staff_id for salon in world.salons for offering in salon.offerings]
    words = [word for salon in world.salons for word in (salon.tenant.token, f"sk_{salon.mark}", str(salon.mark))]
    moments = every([NOW - timedelta(days=3650), NOW, NOW + timedelta(days=3650)])
    known: Mapping[Any, st.SearchStrategy[Any]] = {
        UUID: every([salon.tenant.id for salon in world.salons] if name == "tenant_id" else uuids),
        Sequence[UUID]: st.just(staff),
        str: every([*words, *KEYS, "service-0", "uid"]),
        str | None: every([None, "uid"]),
        int: st.just(1000),
        float: st.just(0.0),
        bytes: st.just(b""),
        datetime: moments,
        tuple[datetime, datetime]: st.just((NOW - timedelta(days=1), NOW + timedelta(days=400))),
        Sequence[tuple[datetime, datetime]]: st.just([(NOW - timedelta(days=1), NOW + timedelta(days=400))]),
        Appointment: every([each for each in ids if isinstance(each, Appointment)]),
        Delivery: every([each for each in ids if isinstance(each, Delivery)]),
        CustomerWish: st.builds(CustomerWish, st.just("Somebody"), every(PHONES), st.none()),
        Reply: st.just(Reply(200, {})),
    }
    if isinstance(hint, type) and issubclass(hint, Enum):
        return every(list(hint))
    assert hint in known, f"say in {__file__} what a {hint} may be, so that the method with {name!r} is tried"
    return known[hint]


async def told(stores: PostgresStores, name: str, method: str, arguments: Mapping[str, Any]) -> str:
    """Return what the method answers, as text; a refusal tells nothing."""
    bound = getattr(getattr(stores, name), method)
    starred = [each.name for each in inspect.signature(bound).parameters.values() if each.kind is each.VAR_POSITIONAL]
    named = {name: value for name, value in arguments.items() if name not in starred}
    return repr(await bound(*(arguments[name] for name in starred), **named))


@pytest.mark.parametrize(("name", "method"), METHODS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.data())
async def test_no_method_shows_or_touches_what_is_anothers(world, database, name, method, drawn):
    salon = world.salons[0]
    given_arguments = drawn.draw(arguments(world, getattr(type(STORES[name]), method)))
    before = snapshot(world.owner_url, but=salon.tenant.id)

    try:
        async with database.begin(salon.tenant.id) as stores:
            answer = await told(stores, name, method, given_arguments)
    except Exception as refused:  # noqa: BLE001 - however it is refused
        answer = type(refused).__name__

    theirs = set().union(*(world.belongings(other) for other in world.salons[1:]))
    assert {word for word in theirs if word in answer} == set()
    assert snapshot(world.owner_url, but=salon.tenant.id) == before


@pytest.mark.parametrize(("name", "method"), METHODS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.data())
async def test_without_a_tenant_no_method_shows_or_touches_anything(world, database, name, method, drawn):
    given_arguments = drawn.draw(arguments(world, getattr(type(STORES[name]), method)))
    before = snapshot(world.owner_url)

    try:
        async with database._engine.begin() as connection:
            answer = await told(PostgresStores(connection), name, method, given_arguments)
    except Exception as refused:  # noqa: BLE001 - however it is refused
        answer = type(refused).__name__

    everybodys = set().union(*map(world.belongings, world.salons))
    assert {word for word in everybodys if word in answer} == set()
    assert snapshot(world.owner_url) == before


async def test_the_same_methods_show_a_salon_its_own_rows(world, database):
    """What is never shown to anybody would pass the tests above as well."""
    salon = world.salons[0]
    async with database.begin(salon.tenant.id) as stores:
        answers = [
            await told(stores, "tenants", "get", {"tenant_id": salon.tenant.id}),
            await told(stores, "services", "names", {"tenant_id": salon.tenant.id}),
            await told(stores, "appointments", "unsettled", {"at_most": 1000}),
        ]

    assert all(any(word in answer for word in world.belongings(salon)) for answer in answers)
