"""The database: what it is asked, and whether it is there."""

from __future__ import annotations

from sla.catalogue.bookings import STEP_EDGES
from sla.catalogue.metric import Home, Kind, Label, Metric

DB_ERROR = Label("kind", ("connect", "pool_exhausted", "lost"))
QUERY_COUNT_EDGES = (2.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 25.0, 50.0)

DB_QUERIES_PER_BOOKING = Metric(
    "booking_db_queries_per_booking",
    Kind.HISTOGRAM,
    "SQL statements sent for one booking attempt.",
    Home.CORE,
    buckets=QUERY_COUNT_EDGES,
)
DB_QUERY_DURATION = Metric(
    "booking_db_query_duration_seconds",
    Kind.HISTOGRAM,
    "Time of one SQL statement, by its verb.",
    Home.CORE,
    labels=(Label("statement", ("select", "insert", "update", "delete", "other")),),
    buckets=STEP_EDGES,
)
DB_CONNECTION_ERRORS = Metric(
    "booking_db_connection_errors_total",
    Kind.COUNTER,
    "Database connections that could not be had or were lost in use.",
    Home.CORE,
    labels=(DB_ERROR,),
)
DB_UP = Metric("booking_db_up", Kind.GAUGE, "1 while the sidecar can query the database.", Home.SIDECAR)
DB_CONNECTIONS = Metric(
    "booking_db_connections",
    Kind.GAUGE,
    "Connections to the booking database by what they are doing.",
    Home.SIDECAR,
    labels=(Label("state", ("active", "idle", "idle_in_transaction", "other")),),
)
