"""Transactions, whose rows they see, and the stores inside one."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from enum import Enum
from typing import Final, Protocol
from uuid import UUID

from booking_core.domain.ports.appointments import Appointments
from booking_core.domain.ports.customers import Customers, Traces
from booking_core.domain.ports.inbox import CalcomBookings, Inbox
from booking_core.domain.ports.letters import Letters
from booking_core.domain.ports.queue import Queue
from booking_core.domain.ports.reconciliation import Inconsistencies
from booking_core.domain.ports.requests import Requests
from booking_core.domain.ports.salons import Keys, Services, Tenants


class EveryTenant(Enum):
    """Stands where a tenant's id would: the work is the system's own and looks over all of them."""

    EVERY_TENANT = "every"


EVERY_TENANT: Final = EveryTenant.EVERY_TENANT

Scope = UUID | EveryTenant


class Stores(Protocol):
    """Everything stored, inside one transaction."""

    @property
    def tenants(self) -> Tenants: ...

    @property
    def keys(self) -> Keys: ...

    @property
    def services(self) -> Services: ...

    @property
    def customers(self) -> Customers: ...

    @property
    def appointments(self) -> Appointments: ...

    @property
    def queue(self) -> Queue: ...

    @property
    def letters(self) -> Letters: ...

    @property
    def requests(self) -> Requests: ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def inconsistencies(self) -> Inconsistencies: ...

    @property
    def calcom_bookings(self) -> CalcomBookings: ...

    @property
    def traces(self) -> Traces: ...


class Statements(Protocol):
    """How many SQL statements were sent since counting began."""

    @property
    def count(self) -> int: ...


class Database(Protocol):
    """Transactions: `begin` commits when its block ends well and rolls back when it raises.

    Inside, the rows of other tenants than the one named do not exist, and none can be made; EVERY_TENANT sees all.
    Raises AppointmentDatabaseError when the database cannot be reached.
    """

    def begin(self, scope: Scope) -> AbstractAsyncContextManager[Stores]: ...

    def counting(self) -> AbstractContextManager[Statements]:
        """Count the statements of this task, and of the tasks it starts, while the block runs."""
        ...

    async def ping(self) -> None: ...
