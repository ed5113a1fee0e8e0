"""A label out of hand is counted, and fills nobody's memory."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import Counter, Histogram

from exporter.collectors.metric_files import MetricFilesCollector
from exporter.reader import MetricFile
from exporter.totals import Totaller
from sla import catalogue as c
from tests.exporter.workers import samples, writing


def asked(directory: Path, slot: str, *routes: str) -> None:
    with writing(directory, slot) as registry:
        counter = Counter("asked", "Questions.", ["route", "code"], registry=registry)
        for route in routes:
            counter.labels(route, "2xx").inc()


def counted(totaller: Totaller, directory: Path) -> dict[tuple[str, ...], float]:
    files = [MetricFile(path) for path in sorted(directory.glob(f"{totaller.kind}_*.db"))]
    for file in files:
        file.read()
    totals = totaller.totals(files)
    named = [sample for family in totals.families for sample in family.samples]
    return {tuple(s.labels.values()): value for s, value in zip(named, totals.values, strict=True) if value}


def test_beyond_the_cap_a_label_set_is_other_and_no_count_is_lost(tmp_path):
    asked(tmp_path, "http-0", "/a", "/b", "/c", "/d", "/d")
    asked(tmp_path, "http-1", "/e", "/a")
    totaller = Totaller("counter", most=2)

    assert counted(totaller, tmp_path) == {("2xx", "/a"): 2, ("2xx", "/b"): 1, ("other", "other"): 4}
    assert totaller.folded == 3


def test_up_to_the_cap_nothing_is_folded(tmp_path):
    asked(tmp_path, "http-0", "/a", "/b")
    totaller = Totaller("counter", most=2)

    assert counted(totaller, tmp_path) == {("2xx", "/a"): 1, ("2xx", "/b"): 1}
    assert totaller.folded == 0


def test_a_series_that_was_shown_stays_whatever_comes_before_it_later(tmp_path):
    asked(tmp_path, "http-1", "/b")
    totaller = Totaller("counter", most=1)
    counted(totaller, tmp_path)

    asked(tmp_path, "http-0", "/a")

    assert counted(totaller, tmp_path) == {("2xx", "/b"): 1, ("other", "other"): 1}


def test_each_family_has_a_cap_of_its_own_and_a_histogram_keeps_its_buckets(tmp_path):
    with writing(tmp_path, "http-0") as registry:
        for name in ("took_seconds", "waited_seconds"):
            took = Histogram(name, "Time.", ["route"], buckets=(0.5,), registry=registry)
            for route in ("/a", "/b", "/c"):
                took.labels(route).observe(0.25)
    totaller = Totaller("histogram", most=1)
    (file,) = [MetricFile(path) for path in tmp_path.glob("histogram_*.db")]
    file.read()

    totals = totaller.totals([file])

    named = [sample for family in totals.families for sample in family.samples]
    found = {(s.name, *s.labels.values()): value for s, value in zip(named, totals.values, strict=True)}
    for name in ("took_seconds", "waited_seconds"):
        assert found[f"{name}_count", "/a"] == 1
        assert found[f"{name}_count", "other"] == 2
        assert found[f"{name}_sum", "other"] == 0.5
        assert {value for key, value in found.items() if key[0] == f"{name}_bucket" and "other" in key} == {2}
    assert totaller.folded == 4


def test_what_was_folded_is_published(tmp_path):
    asked(tmp_path, "http-0", *(f"/{number}" for number in range(1010)))

    found = samples(MetricFilesCollector(tmp_path))

    assert found[c.SERIES_FOLDED.name] == 10
    assert found['asked_total{code="other",route="other"}'] == 10
