"""The engine: transactions, statement counting, and the translation of lost connections."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from booking_core.adapters.postgres.appointments import PostgresAppointments
from booking_core.adapters.postgres.calcom_bookings import PostgresCalcomBookings
from booking_core.adapters.postgres.customers import PostgresCustomers
from booking_core.adapters.postgres.inbox import PostgresInbox
from booking_core.adapters.postgres.inconsistencies import PostgresInconsistencies
from booking_core.adapters.postgres.keys import PostgresKeys
from booking_core.adapters.postgres.letters import PostgresLetters
from booking_core.adapters.postgres.queue import PostgresQueue
from booking_core.adapters.postgres.requests import PostgresRequests
from booking_core.adapters.postgres.services import PostgresServices
from booking_core.adapters.postgres.sight import begin_limited_to
from booking_core.adapters.postgres.tenants import PostgresTenants
from booking_core.adapters.postgres.traces import PostgresTraces
from booking_core.domain.errors import AppointmentDatabaseError, CommitUnknown
from booking_core.domain.ports import Scope

_FIRST_WORD = re.compile(r"\s*(\w+)")

# (first word of the statement, seconds, what went wrong)
StatementRan = Callable[[str, float, BaseException | None], None]


def _nobody(_verb: str, _seconds: float, _error: BaseException | None) -> None: ...


@dataclass(slots=True)
class StatementCount:
    """Statements sent so far."""

    count: int = 0


# Tasks inherit the context of the task that started them, so one object serves a whole booking.
_counting: ContextVar[StatementCount | None] = ContextVar("counting", default=None)


class PrivilegedRole(Exception):
    """The role of BOOKING_DATABASE_URL can look past row-level security; name one that cannot: slotwatch_core."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class PostgresStores:
    """The stores of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.tenants = PostgresTenants(connection)
        self.keys = PostgresKeys(connection)
        self.services = PostgresServices(connection)
        self.customers = PostgresCustomers(connection)
        self.appointments = PostgresAppointments(connection)
        self.queue = PostgresQueue(connection)
        self.letters = PostgresLetters(connection)
        self.requests = PostgresRequests(connection)
        self.inbox = PostgresInbox(connection)
        self.inconsistencies = PostgresInconsistencies(connection)
        self.calcom_bookings = PostgresCalcomBookings(connection)
        self.traces = PostgresTraces(connection)


class PostgresDatabase:
    """One pool of connections per process."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        pool_wait_seconds: float = 2.0,
        statement_ran: StatementRan = _nobody,
        connection_lost: Callable[[str], None] = lambda kind: None,
    ) -> None:
        # The driver must not begin by itself: `begin` does, in one round trip with what it has to say first. Nor does
        # the pool ask a connection whether it lives: that first statement tells.
        self._engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_wait_seconds,
            connect_args={"autocommit": True},
            # An error's message would hold names and numbers.
            hide_parameters=True,
        )
        self._connection_lost = connection_lost
        event.listen(self._engine.sync_engine, "connect", _refuse_privileged)
        # From the first connection on: what SQLAlchemy itself asks that one belongs to nobody.
        event.listen(self._engine.sync_engine, "connect", lambda *_: _observe(self._engine, statement_ran), once=True)

    @asynccontextmanager
    async def begin(self, scope: Scope) -> AsyncIterator[PostgresStores]:
        is_committing = False
        try:
            connection = await self._begun(begin_limited_to(scope))
            try:
                yield PostgresStores(connection)
                is_committing = True
                await connection.commit()
            finally:
                # Shielded, as SQLAlchemy's own context does: a cancelled caller still gives the connection back.
                await asyncio.shield(connection.close())
        except PoolTimeout as error:
            self._connection_lost("pool_exhausted")
            raise AppointmentDatabaseError from error
        except (OperationalError, InterfaceError) as error:
            self._connection_lost("lost" if error.connection_invalidated else "connect")
            raise (CommitUnknown if is_committing else AppointmentDatabaseError) from error

    async def _begun(self, begin: str) -> AsyncConnection:
        try:
            return await self._sent(begin)
        except OperationalError as error:
            if not error.connection_invalidated:
                raise
            # It had died in the pool, which has thrown away the others of its age: this one is new.
            return await self._sent(begin)

    async def _sent(self, begin: str) -> AsyncConnection:
        connection = await self._engine.connect()
        try:
            await connection.exec_driver_sql(begin)
        except BaseException:
            await asyncio.shield(connection.close())
            raise
        return connection

    @contextmanager
    def counting(self) -> Iterator[StatementCount]:
        count = StatementCount()
        token = _counting.set(count)
        try:
            yield count
        finally:
            _counting.reset(token)

    async def ping(self) -> None:
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._engine.dispose()


def _refuse_privileged(connection: Any, _record: Any) -> None:
    """Close the door on a role that no policy binds: better no answer than another salon's customers."""
    cursor = connection.cursor()
    try:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        (is_privileged,) = cursor.fetchone()
    finally:
        cursor.close()
        connection.rollback()
    if is_privileged:
        raise PrivilegedRole


def _observe(engine: AsyncEngine, statement_ran: StatementRan) -> None:
    def timed(run: Callable[[str, Any], None], statement: str, parameters: Any) -> bool:
        begun = time.monotonic()
        try:
            run(statement, parameters)
        except BaseException as error:
            statement_ran(_verb(statement), time.monotonic() - begun, error)
            raise
        count = _counting.get()
        if count is not None:
            count.count += 1
        statement_ran(_verb(statement), time.monotonic() - begun, None)
        return True

    # Listeners of the dialect, which execute themselves and say so: those of the engine are joined anew to those of
    # each connection, for 15 microseconds a statement.
    @event.listens_for(engine.sync_engine, "do_execute")
    def execute(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
        return timed(cursor.execute, statement, parameters)

    @event.listens_for(engine.sync_engine, "do_executemany")
    def execute_many(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
        return timed(cursor.executemany, statement, parameters)


def _verb(statement: str) -> str:
    found = _FIRST_WORD.match(statement)
    return found[1].lower() if found else ""
