"""The collectors against real servers."""

from __future__ import annotations

import psycopg
import pytest

from exporter.collectors import Unreachable
from exporter.collectors.cache import CacheCollector
from exporter.collectors.database import DatabaseCollector
from sla import catalogue as c

pytestmark = pytest.mark.integration


def values(collector) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels.get("state", "")): sample.value
        for family in collector.collect()
        for sample in family.samples
    }


def test_the_database_is_up_and_nothing_hangs(sidecar_url):
    found = values(DatabaseCollector(sidecar_url, query_seconds=1))

    assert found[c.DB_UP.name, ""] == 1
    assert found[c.UNKNOWN_OUTCOMES.name, ""] == 0
    assert found[c.INFLIGHT_OLDEST_AGE.name, ""] == 0
    assert found[c.SYNC_BACKLOG.name, ""] == 0
    assert found[c.SYNC_BACKLOG_OLDEST_AGE.name, ""] == 0
    assert {state for name, state in found if name == c.DB_CONNECTIONS.name} == set(
        c.DB_CONNECTIONS.label("state").values
    )


def test_every_number_of_the_unsettled_bookings_has_its_own_name(sidecar_url, owner_url):
    with psycopg.connect(owner_url.replace("+psycopg", "")) as connection:
        connection.execute(
            """
            CREATE OR REPLACE VIEW monitoring_unsettled AS SELECT 1::bigint AS unknown_outcomes,
            2::float8 AS inflight_oldest_age_seconds, 3::bigint AS backlog, 4::float8 AS backlog_oldest_age_seconds
            """
        )

    found = values(DatabaseCollector(sidecar_url, query_seconds=1))

    named = (c.UNKNOWN_OUTCOMES, c.INFLIGHT_OLDEST_AGE, c.SYNC_BACKLOG, c.SYNC_BACKLOG_OLDEST_AGE)
    assert [found[metric.name, ""] for metric in named] == [1, 2, 3, 4]


def test_jobs_are_counted_by_what_may_be_hoped_of_them(sidecar_url, owner_url):
    with psycopg.connect(owner_url.replace("+psycopg", "")) as connection:
        for status in ("todo", "todo", "doing", "failed", "succeeded", "aborted"):
            connection.execute(
                """
                INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)
                VALUES ('default', 'settle', '{}', %s::procrastinate_job_status)
                """,
                [status],
            )
        connection.execute(
            """
            INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, status)
            VALUES ('default', 'reconcile', 'reconcile', '{}', 'failed')
            """
        )

    found = values(DatabaseCollector(sidecar_url, query_seconds=1))

    states = ("waiting", "running", "given_up")
    assert [found[c.QUEUE_JOBS.name, state] for state in states] == [2, 1, 1]


def test_orphans_are_counted_once_two_runs_have_seen_them_and_until_they_are_resolved(sidecar_url, owner_url):
    with psycopg.connect(owner_url.replace("+psycopg", ""), options="-c slotwatch.tenant=every") as connection:
        tenant = connection.execute(
            """
            INSERT INTO tenants (id, token, name, time_zone, country, retell_api_key, calcom_api_key)
            VALUES (gen_random_uuid(), 't', 'Salon', 'UTC', 'DE', 'b', 'c') RETURNING id
            """
        ).fetchone()
        for subject, sightings, seconds, resolved in (
            ("believed", 2, 60, None),
            ("seen once", 1, 0, None),
            ("seen twice at once", 2, 59, None),
            ("resolved", 2, 60, "now"),
        ):
            connection.execute(
                """
                INSERT INTO inconsistencies (tenant_id, kind, subject, first_seen, last_seen, sightings, resolved_at)
                VALUES (%s, 'orphan_here', %s, now() - make_interval(secs => %s), now(), %s, %s)
                """,
                (*tenant, subject, seconds, sightings, resolved),
            )

    found = {
        sample.labels["kind"]: sample.value
        for family in DatabaseCollector(sidecar_url, query_seconds=1).collect()
        for sample in family.samples
        if sample.name == c.ORPHANS.name
    }

    assert found == {"orphan_there": 0, "orphan_here": 1}


def test_a_database_that_is_gone_is_down_and_not_missing(server_room):
    collector = DatabaseCollector(f"postgresql://slotwatch@/slotwatch?host={server_room}/nowhere", query_seconds=1)

    with pytest.raises(Unreachable) as away:
        list(collector.collect())

    assert [sample.value for family in away.value.known for sample in family.samples] == [0]


def test_redis_is_up(redis_server):
    assert values(CacheCollector(redis_server.url(), query_seconds=1)) == {(c.CACHE_UP.name, ""): 1}


def test_redis_that_is_gone_is_down_and_not_missing(server_room):
    collector = CacheCollector(f"unix://{server_room}/nowhere.sock", query_seconds=1)

    with pytest.raises(Unreachable) as away:
        list(collector.collect())

    assert [sample.value for family in away.value.known for sample in family.samples] == [0]
