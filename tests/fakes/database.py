from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.domain.ports import Scope
from tests.fakes.appointments import FakeAppointments
from tests.fakes.calcom_bookings import FakeCalcomBookings
from tests.fakes.clock import FakeClock
from tests.fakes.inbox import FakeInbox
from tests.fakes.inconsistencies import FakeInconsistencies
from tests.fakes.letters import FakeLetters
from tests.fakes.queue import FakeQueue, FakeRequests
from tests.fakes.rows import Stored
from tests.fakes.salons import FakeCustomers, FakeKeys, FakeServices, FakeTenants
from tests.fakes.traces import FakeTraces


class FakeDatabase:
    """Everything in memory; a transaction that raises leaves no trace."""

    def __init__(self, clock: FakeClock) -> None:
        self.rows = Stored()
        self.down = False
        self._clock = clock

    @asynccontextmanager
    async def begin(self, scope: Scope) -> AsyncIterator[FakeStores]:
        await self.ping()
        before = self.rows.copied()
        try:
            yield FakeStores(self.rows.in_sight(scope), self._clock)
        except BaseException:
            self.rows = before
            raise

    @contextmanager
    def counting(self) -> Iterator[Counted]:
        yield Counted()

    async def ping(self) -> None:
        if self.down:
            raise AppointmentDatabaseError


@dataclass
class Counted:
    """The fake sends no statements."""

    count: int = 0


class FakeStores:
    """The stores of one transaction."""

    def __init__(self, rows: Stored, clock: FakeClock) -> None:
        self.tenants = FakeTenants(rows)
        self.keys = FakeKeys(rows)
        self.services = FakeServices(rows)
        self.customers = FakeCustomers(rows)
        self.appointments = FakeAppointments(rows, clock)
        self.queue = FakeQueue(rows)
        self.letters = FakeLetters(rows, clock)
        self.requests = FakeRequests(rows)
        self.inbox = FakeInbox(rows)
        self.inconsistencies = FakeInconsistencies(rows)
        self.calcom_bookings = FakeCalcomBookings(rows)
        self.traces = FakeTraces(rows)
