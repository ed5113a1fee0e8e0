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
