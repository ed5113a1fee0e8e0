"""Whatever a store is asked on behalf of one salon, with whosever ids: no other salon's row is shown or touched.

The methods are found on the stores and their arguments by their types, so a new method is tried without being named.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, is_dataclass
from datetime import datetime, timedelta
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking_core.adapters.postgres.database import PostgresDatabase, PostgresStores
from booking_core.domain.models import Appointment
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


def belongings(salon: Filled) -> set[str]:
    """Return the words that only this salon's rows contain."""
    ids = [each.id for each in (*salon.appointments, *salon.deliveries, salon.tenant)]
    ids += [each.customer.id for each in salon.appointments]
    ids += [each for offering in salon.offerings for each in (offering.service_id, offering.staff_id)]
    return {salon.mark, *map(str, ids)}


@dataclass(frozen=True)
class Call:
    """One method of one store, with arguments."""

    store: str
    method: str
    arguments: Mapping[str, Any]

    async def __call__(self, stores: PostgresStores) -> Any:
        method = getattr(getattr(stores, self.store), self.method)
        several = [
            each.name for each in inspect.signature(method).parameters.values() if each.kind is each.VAR_POSITIONAL
        ]
        named = {name: value for name, value in self.arguments.items() if name not in several}
        return await method(*(self.arguments[name] for name in several), **named)


Transaction = AbstractAsyncContextManager[Any]


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
    known = _known(world, name)
    if hint in known:
        return st.sampled_from(known[hint])
    if is_dataclass(hint):
        return st.builds(hint, **{each: _value(world, each, of) for each, of in get_type_hints(hint).items()})
    parts = [_value(world, name, each) for each in get_args(hint) if each is not Ellipsis]
    return _composed(hint, parts) if parts else st.from_type(hint)


def _composed(hint: Any, parts: Sequence[st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    if get_origin(hint) in {Union, UnionType}:
        return st.one_of(*parts)
    if get_origin(hint) is Mapping:
        return st.dictionaries(*parts, max_size=2)
    if get_origin(hint) is tuple and Ellipsis not in get_args(hint):
        return st.tuples(*parts)
    return st.lists(parts[0], max_size=3).map(tuple)


def _known(world: World, name: str) -> Mapping[Any, Sequence[Any]]:
    """Return the values that are worth more than any of their type: those of rows there are, and of their shapes."""
    appointments = [each for salon in world.salons for each in salon.appointments]
    deliveries = [each for salon in world.salons for each in salon.deliveries]
    ids = [each.id for each in (*appointments, *deliveries)] + [each.key for each in appointments]
    words = [word for salon in world.salons for word in (salon.tenant.token, f"sk_{salon.mark}", salon.mark)]
    return {
        UUID: [salon.tenant.id for salon in world.salons] if name == "tenant_id" else ids,
        Sequence[UUID]: [[offering.staff_id for salon in world.salons for offering in salon.offerings]],
        Appointment: appointments,
        Delivery: deliveries,
        str: [*PHONES, *KEYS, "service-0", "uid", *words],
        int: [0, 1, 1000],
        float: [0.0],
        Any: ["x"],
        datetime: [NOW - timedelta(days=3650), NOW, NOW + timedelta(days=3650)],
    }


class Undone(Exception):
    """Ends a transaction without a trace."""


async def told(transaction: Transaction, call: Call) -> str:
    """Return what a method answers, as text, and undo what it did; a refusal tells nothing."""
    answer = ""
    with suppress(Exception):
        async with transaction as stores:
            answer = repr(await call(stores))
            raise Undone
    return answer


async def done(transaction: Transaction, call: Call) -> None:
    """Let a method do what it can."""
    with suppress(Exception):
        async with transaction as stores:
            await call(stores)


def leaked(salons: Iterable[Filled], answer: str, given_arguments: Mapping[str, Any]) -> Set[str]:
    """Return the words of these salons that the answer tells and the question did not say."""
    said = repr(given_arguments)
    return {word for salon in salons for word in belongings(salon) if word in answer and word not in said}


EVERY_METHOD = pytest.mark.parametrize(("name", "method"), METHODS)
# The world is made once; what the examples leave in it is part of the test.
EXAMPLES = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@EVERY_METHOD
@EXAMPLES
@given(drawn=st.data())
async def test_no_method_shows_or_touches_what_is_anothers(world, database, name, method, drawn):
    active, curious, _ = world.salons
    others = [salon for salon in world.salons if salon is not curious]
    given_arguments = drawn.draw(arguments(world, getattr(type(STORES[name]), method)))
    call = Call(name, method, given_arguments)
    before = snapshot(world.owner_url, but=active.tenant.id)

    # Asked by a salon that never changes: what another wrote down itself, ids of others included, is its own.
    answer = await told(database.begin(curious.tenant.id), call)
    await done(database.begin(active.tenant.id), call)

    assert leaked(others, answer, given_arguments) == set()
    assert snapshot(world.owner_url, but=active.tenant.id) == before


@EVERY_METHOD
@EXAMPLES
@given(drawn=st.data())
async def test_without_a_tenant_no_method_shows_or_touches_anything(world, database, name, method, drawn):
    given_arguments = drawn.draw(arguments(world, getattr(type(STORES[name]), method)))
    call = Call(name, method, given_arguments)
    before = snapshot(world.owner_url)

    answer = await told(nobodys(database), call)
    await done(nobodys(database), call)

    assert leaked(world.salons, answer, given_arguments) == set()
    assert snapshot(world.owner_url) == before


@asynccontextmanager
async def nobodys(database: PostgresDatabase) -> AsyncIterator[PostgresStores]:
    """A transaction that does not say whose it is."""
    async with database._engine.connect() as connection:
        # The driver begins nothing by itself, so that `PostgresDatabase.begin` can.
        await connection.exec_driver_sql("BEGIN")
        yield PostgresStores(connection)
        await connection.commit()


@pytest.mark.parametrize(
    ("name", "method", "said"),
    [("tenants", "get", "tenant_id"), ("services", "names", "tenant_id"), ("appointments", "unsettled", "")],
)
async def test_the_same_methods_show_a_salon_its_own_rows(world, database, name, method, said):
    """What is never shown to anybody would pass the tests above as well."""
    salon = world.salons[1]
    given_arguments = {said: salon.tenant.id} if said else {"at_most": 1000}

    answer = await told(database.begin(salon.tenant.id), Call(name, method, given_arguments))

    assert leaked([salon], answer, given_arguments) != set()
