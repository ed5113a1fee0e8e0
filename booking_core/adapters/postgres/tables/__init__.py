"""The schema as SQLAlchemy sees it; the migrations create it, and a test compares the two."""

from booking_core.adapters.postgres.tables.appointments import LONGEST, appointments, touches
from booking_core.adapters.postgres.tables.customers import customers
from booking_core.adapters.postgres.tables.inbox import calcom_bookings, webhook_inbox
from booking_core.adapters.postgres.tables.letters import letters
from booking_core.adapters.postgres.tables.reconciliation import inconsistencies, reconciliation_runs
from booking_core.adapters.postgres.tables.requests import idempotency_keys
from booking_core.adapters.postgres.tables.salons import api_keys, offerings, services, staff, tenants
from booking_core.adapters.postgres.tables.schema import metadata

__all__ = [
    "LONGEST",
    "api_keys",
    "appointments",
    "calcom_bookings",
    "customers",
    "idempotency_keys",
    "inconsistencies",
    "letters",
    "metadata",
    "offerings",
    "reconciliation_runs",
    "services",
    "staff",
    "tenants",
    "touches",
    "webhook_inbox",
]
