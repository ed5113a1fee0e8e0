from sla import catalogue as c
from sla import promql, sparse

COPIES = {entry.expression: entry for entry in sparse.recordings()}


def test_a_copy_is_the_series_under_its_name_and_an_ending():
    for name, entry in COPIES.items():
        assert (entry.name, entry.labels) == (f"{name}:sparse", ())


def test_all_that_grows_has_a_copy_and_no_level_has():
    assert c.ATTEMPTS.name in COPIES
    assert {f"{c.API_DURATION.name}{part}" for part in ("_bucket", "_count", "_sum")} <= set(COPIES)
    assert promql.NOTIFICATIONS in COPIES
    assert {c.DB_UP.name, promql.SCRAPE_SECONDS}.isdisjoint(COPIES)
