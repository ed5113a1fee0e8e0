"""What the services need from the world, as protocols; adapters and fakes fulfil them alike."""

from booking_core.domain.ports.appointments import Appointments, Outdated
from booking_core.domain.ports.calcom import Calcom, CalcomBooking, CalcomStatus, FreeSlots, Listing, Page
from booking_core.domain.ports.clock import Clock
from booking_core.domain.ports.customers import Callers, Customers, Traces
from booking_core.domain.ports.database import EVERY_TENANT, Database, EveryTenant, Scope, Statements, Stores
from booking_core.domain.ports.inbox import CalcomBookings, Inbox
from booking_core.domain.ports.letters import Letters, Mailer
from booking_core.domain.ports.queue import Queue, Waiting
from booking_core.domain.ports.reconciliation import Inconsistencies, Run
from booking_core.domain.ports.requests import Requests
from booking_core.domain.ports.salons import Keys, Menu, Services, Tenants

__all__ = [
    "EVERY_TENANT",
    "Appointments",
    "Calcom",
    "CalcomBooking",
    "CalcomBookings",
    "CalcomStatus",
    "Callers",
    "Clock",
    "Customers",
    "Database",
    "EveryTenant",
    "FreeSlots",
    "Inbox",
    "Inconsistencies",
    "Keys",
    "Letters",
    "Listing",
    "Mailer",
    "Menu",
    "Outdated",
    "Page",
    "Queue",
    "Requests",
    "Run",
    "Scope",
    "Services",
    "Statements",
    "Stores",
    "Tenants",
    "Traces",
    "Waiting",
]
