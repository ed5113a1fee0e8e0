"""The fast reader tells the stock collector's numbers, to the last byte, and survives what that one does not."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import Counter, Gauge, Histogram, Summary

from exporter.collectors.metric_files import MetricFilesCollector
from sla import catalogue as c
from tests.exporter.workers import ours, samples, stock, writing

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def a_worker(directory: Path, slot: str, *, counts: int = 1, route: str = "/a") -> None:
    with writing(directory, slot) as registry:
        Counter("asked", "Questions.", ["route"], registry=registry).labels(route).inc(counts)


def skipped(collector: MetricFilesCollector) -> dict[str, float]:
    prefix = f'{c.FILES_SKIPPED.name}{{reason="'
    return {
        name.removeprefix(prefix).rstrip('"}'): value
        for name, value in samples(collector).items()
        if name.startswith(prefix) and value
    }


NUMBERS = st.floats(min_value=0, max_value=1e9, allow_nan=False)
LABELS = st.sampled_from(["a", "b", 'quo"ted', "back\\slash", "new\nline", "Straße"])
WRITES = st.tuples(st.sampled_from(["counter", "histogram", "summary", "sum", "max"]), LABELS, NUMBERS)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(WRITES, max_size=12), min_size=1, max_size=4))
def test_every_number_is_the_stock_collectors_to_the_last_byte(tmp_path_factory, workers):
    directory = tmp_path_factory.mktemp("metrics")
    for number, writes in enumerate(workers):
        with writing(directory, f"http-{number}") as registry:
            counter = Counter("asked", "Questions, 0.0\nin two lines.", ["label"], registry=registry)
            histogram = Histogram("took_seconds", "Time.", ["label"], buckets=(0.5, 2.0, 1e7), registry=registry)
            summary = Summary("size_bytes", "Sizes.", ["label"], registry=registry)
            gauges = {
                mode: Gauge(f"now_{mode}", "Now.", ["label"], registry=registry, multiprocess_mode=mode)
                for mode in ("sum", "max")
            }
            for kind, label, value in writes:
                match kind:
                    case "counter":
                        counter.labels(label).inc(value)
                    case "histogram":
                        histogram.labels(label).observe(value)
                    case "summary":
                        summary.labels(label).observe(value)
                    case "sum" | "max":
                        gauges[kind].labels(label).set(value)
    collector = MetricFilesCollector(directory)

    assert ours(collector) == stock(directory)
    # Again, now that everything is remembered.
    assert ours(collector) == stock(directory)


def test_openmetrics_is_written_in_its_own_words_and_ends_once(tmp_path):
    a_worker(tmp_path, "http-0", counts=3)

    lines = ours(MetricFilesCollector(tmp_path), OPENMETRICS)

    assert "# TYPE asked counter" in lines
    assert 'asked_total{route="/a"} 3.0' in lines
    assert lines.count("# EOF") == 1


def test_a_series_that_appears_later_is_served_with_the_next_scrape(tmp_path):
    a_worker(tmp_path, "http-0")
    collector = MetricFilesCollector(tmp_path)
    ours(collector)

    a_worker(tmp_path, "http-0", route="/b")
    a_worker(tmp_path, "http-1", route="/c")

    assert ours(collector) == stock(tmp_path)
    assert 'asked_total{route="/c"}' in samples(collector)


def test_a_file_that_grows_past_its_first_size_is_read_whole(tmp_path):
    collector = MetricFilesCollector(tmp_path)
    for routes in (10, 950):
        with writing(tmp_path, "http-0") as registry:
            counter = Counter("asked", "Questions.", ["route"], registry=registry)
            for number in range(routes):
                counter.labels(f"/{number}").inc()

        assert ours(collector) == stock(tmp_path)


def test_a_reused_slot_goes_on_counting(tmp_path):
    collector = MetricFilesCollector(tmp_path)
    seen = []
    for _ in range(3):
        a_worker(tmp_path, "http-0", counts=2)
        seen.append(samples(collector)['asked_total{route="/a"}'])

    assert seen == [2, 4, 6]


def test_five_hundred_recycled_workers_leave_no_more_files_and_lose_no_count(tmp_path):
    collector, chance = MetricFilesCollector(tmp_path), random.Random(1)
    total = 0
    for _ in range(500):
        counts = chance.randint(0, 9)
        total += counts
        a_worker(tmp_path, f"http-{chance.randrange(16)}", counts=counts)

    assert samples(collector)['asked_total{route="/a"}'] == total
    assert len(list(tmp_path.glob("*.db"))) <= 16


def damage(path: Path, how: str) -> None:
    if how == "empty":
        path.write_bytes(b"")
    elif how == "without a header":
        path.write_bytes(b"\x01\x02")
    elif how == "truncated":
        os.truncate(path, 40)
    elif how == "of text":
        path.write_text("# This is no metric file, it is a note that somebody left here.\n" * 40)
    elif how == "of zeros":
        path.write_bytes(bytes(4096))
    elif how == "with a broken key":
        key = b'["asked", "asked_total", {"route": 7}, 0]   '
        record = struct.pack(f"i{len(key)}sdd", len(key), key, 1.0, 0.0)
        path.write_bytes(struct.pack("ii", 8 + len(record), 0) + record)
    elif how == "with a length out of bounds":
        path.write_bytes(struct.pack("iiii", 48, 0, 9999, 0) + bytes(64))


DAMAGES = {
    "empty": "empty",
    "without a header": "empty",
    "of zeros": "empty",
    "truncated": "truncated",
    "of text": "foreign",
    "with a broken key": "foreign",
    "with a length out of bounds": "foreign",
}


@pytest.mark.parametrize(("how", "reason"), DAMAGES.items())
def test_a_damaged_file_is_skipped_and_counted_and_hides_no_other(tmp_path, how, reason):
    a_worker(tmp_path, "http-0", counts=5)
    a_worker(tmp_path, "http-1", counts=7)
    damage(tmp_path / "counter_http-1.db", how)
    collector = MetricFilesCollector(tmp_path)

    assert samples(collector)['asked_total{route="/a"}'] == 5
    assert skipped(collector) == {reason: 2}


@pytest.mark.parametrize("how", ["empty", "truncated", "of zeros", "of text"])
def test_what_a_file_held_before_it_was_damaged_is_still_served(tmp_path, how):
    a_worker(tmp_path, "http-0", counts=5)
    a_worker(tmp_path, "http-1", counts=7)
    collector = MetricFilesCollector(tmp_path)
    whole = samples(collector)['asked_total{route="/a"}']

    damage(tmp_path / "counter_http-1.db", how)

    assert whole == 12
    assert samples(collector)['asked_total{route="/a"}'] == 12


def test_a_file_that_is_mended_is_served_again(tmp_path):
    a_worker(tmp_path, "http-0", counts=5)
    whole = (tmp_path / "counter_http-0.db").read_bytes()
    damage(tmp_path / "counter_http-0.db", "empty")
    collector = MetricFilesCollector(tmp_path)
    before = samples(collector).get('asked_total{route="/a"}')
    (tmp_path / "counter_http-0.db").write_bytes(whole)

    assert before is None
    assert samples(collector)['asked_total{route="/a"}'] == 5


def test_a_file_of_no_known_kind_is_foreign(tmp_path):
    (tmp_path / "backup_of_http-0.db").write_bytes(bytes(64))

    assert skipped(MetricFilesCollector(tmp_path)) == {"foreign": 1}


def test_a_file_that_is_removed_is_served_no_more(tmp_path):
    a_worker(tmp_path, "http-0")
    a_worker(tmp_path, "http-1")
    collector = MetricFilesCollector(tmp_path)
    ours(collector)
    (tmp_path / "counter_http-1.db").unlink()

    assert ours(collector) == stock(tmp_path)


def test_a_live_gauge_of_a_dead_worker_counts_no_more(tmp_path):
    with writing(tmp_path, "http-0") as registry:
        Gauge("in_progress", "Now.", registry=registry, multiprocess_mode="livesum").set(3)

    assert "in_progress" not in samples(MetricFilesCollector(tmp_path))
