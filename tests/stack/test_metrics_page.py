"""The inventory: what is published, recorded, judged, drawn and written down is the same set of series."""

from __future__ import annotations

import re

import pytest

from alerts import recording, render
from sla import catalogue, objectives, series, sparse
from stack import metrics_page
from tests.alerts.inventory import existing

PROMISE = objectives.load()
READERS = metrics_page.Readers.of(PROMISE)
PAGES = sorted(
    [render.ROOT / "README.md", *(render.ROOT / "docs").rglob("*.md"), *(render.ROOT / "runbooks").glob("*.md")]
)
RECORDED = list(dict.fromkeys(entry.name for entry in series.recorded(PROMISE)))
# Begin like a metric and are none.
_OTHERS = {"booking_core"}


@pytest.mark.parametrize("name", [metric.name for metric in catalogue.catalogue()] + RECORDED)
def test_no_series_is_made_that_nobody_reads(name):
    readers = READERS.reading(name)

    assert readers["alerts"] or readers["panels"] or readers["report"]


def test_the_rules_record_exactly_the_series_that_panels_and_reports_may_name():
    made = {entry.name for group in recording.groups(PROMISE) for entry in group.recordings}

    assert made == {*RECORDED, *(entry.name for entry in sparse.recordings())}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(render.ROOT)))
def test_no_page_names_a_series_that_nobody_makes(path):
    words = re.findall(
        r"`((?:booking|exporter|oncall|deadman|alert)_[a-z0-9_]+|(?:job|slo):[\w:]+)", path.read_text("utf-8")
    )
    families = {metric.name for metric in catalogue.catalogue()}

    assert set(words) - families - existing(PROMISE) - _keys(PROMISE) - _OTHERS == set()


def _keys(promise: objectives.Promise) -> set[str]:
    """Return the keys of sla.yaml, which pages name as well."""
    return {*type(promise.objectives).model_fields, *type(promise.alerts).model_fields}


def test_the_committed_page_is_fresh(tmp_path):
    assert metrics_page.stale(PROMISE) == []

    page = tmp_path / "METRICS.md"
    assert metrics_page.stale(PROMISE, page) == [f"{page}: stale"]
    metrics_page.write(PROMISE, page)
    assert metrics_page.stale(PROMISE, page) == []


def test_an_alert_is_told_with_the_metric_behind_what_it_reads():
    assert (
        "[BookingSuccessRateLow](../runbooks/BookingSuccessRateLow.md)"
        in READERS.reading(catalogue.ATTEMPTS.name)["alerts"]
    )


@pytest.mark.parametrize(
    ("expression", "is_named"),
    [
        ("booking_sync_backlog > 0", True),
        ("booking_sync_backlog_oldest_age_seconds > 0", False),
        ("rate(booking_sync_backlog_bucket[5m])", True),
        ("job:booking_sync_backlog:max", False),
    ],
)
def test_a_name_is_found_whole_or_not_at_all(expression, is_named):
    assert metrics_page.names(catalogue.SYNC_BACKLOG.name, expression) is is_named
