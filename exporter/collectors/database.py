"""What PostgreSQL knows: whether it answers, who is connected, and what hangs between two worlds."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from prometheus_client.metrics_core import Metric as Family

from exporter.collectors import Unreachable, gauge, gauge_by
from sla import catalogue as c

UNSETTLED = """
    SELECT unknown_outcomes, inflight_oldest_age_seconds, backlog, backlog_oldest_age_seconds
    FROM monitoring_unsettled
"""
ORPHANS = "SELECT kind, bookings FROM monitoring_orphans"
JOBS = "SELECT state, jobs FROM monitoring_jobs"
CONNECTIONS = """
    SELECT coalesce(replace(state, ' ', '_'), 'other'), count(*)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    GROUP BY 1
"""


class DatabaseCollector:
    """Connects anew for each scrape: nothing to go stale, and the connect itself is part of what is watched."""

    name = "database"

    def __init__(self, url: str, *, query_seconds: float) -> None:
        self._url = url
        # The views count for all tenants; row-level security wants that said.
        self._options = (
            f"-c statement_timeout={int(query_seconds * 1000)} -c default_transaction_read_only=on"
            " -c slotwatch.tenant=every"
        )

    def collect(self) -> Iterator[Family]:
        try:
            # libpq takes whole seconds and reads 1 as 2.
            with psycopg.connect(self._url, connect_timeout=2, options=self._options) as connection:
                unsettled: tuple[float, ...] = connection.execute(UNSETTLED).fetchone() or (0, 0.0, 0, 0.0)
                orphans: dict[str, int] = dict(connection.execute(ORPHANS).fetchall())
                jobs: dict[str, int] = dict(connection.execute(JOBS).fetchall())
                by_state: dict[str, int] = dict(connection.execute(CONNECTIONS).fetchall())
        except psycopg.Error as error:
            raise Unreachable([gauge(c.DB_UP, 0)]) from error
        yield gauge(c.DB_UP, 1)
        # In the order of the columns.
        metrics = (c.UNKNOWN_OUTCOMES, c.INFLIGHT_OLDEST_AGE, c.SYNC_BACKLOG, c.SYNC_BACKLOG_OLDEST_AGE)
        yield from map(gauge, metrics, unsettled)
        yield gauge_by(c.ORPHANS, dict.fromkeys(c.ORPHANS.label("kind").values, 0.0) | orphans)
        yield gauge_by(c.QUEUE_JOBS, dict.fromkeys(c.QUEUE_JOBS.label("state").values, 0.0) | jobs)
        yield gauge_by(c.DB_CONNECTIONS, _connections(by_state))


def _connections(by_state: dict[str, int]) -> dict[str, float]:
    """Fold PostgreSQL's states into the catalogue's closed set."""
    known = c.DB_CONNECTIONS.label("state").values
    counted = dict.fromkeys(known, 0.0)
    for state, number in by_state.items():
        counted[state if state in counted else "other"] += number
    return counted
