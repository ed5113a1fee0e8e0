"""Every total as a data point: the same numbers, since when they count, and the traces behind them."""

from __future__ import annotations

import os
from pathlib import Path

from opentelemetry.sdk.metrics import Exemplar as OtelExemplar
from opentelemetry.sdk.metrics.export import AggregationTemporality, HistogramDataPoint, Metric, NumberDataPoint
from prometheus_client import Counter, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

from exporter.collectors.metric_files import MetricFilesCollector
from exporter.collectors.workers import first_slot_seconds
from exporter.exemplars import Exemplar, Place
from exporter.points import Beginnings, Points
from tests.exporter.workers import writing

BEGAN, BEFORE, NOW = 1_000, 2_000, 3_000
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def a_worker(directory: Path, slot: str, *seconds: float) -> None:
    with writing(directory, slot) as registry:
        asked = Counter("asked", "Questions.", ["route"], registry=registry).labels("/a")
        took = Histogram("took_seconds", "Time.", ["route"], buckets=(0.5, 2.0), registry=registry).labels("/a")
        for each in seconds:
            asked.inc()
            took.observe(each)


def points(beginnings: Beginnings | None = None, exemplars: dict[Place, Exemplar] | None = None) -> Points:
    return Points(NOW, beginnings or Beginnings(before=BEFORE), exemplars or {})


def of_workers(directory: Path, told: Points) -> dict[str, Metric]:
    files = MetricFilesCollector(directory)
    list(files.collect())
    return {metric.name: metric for totals in files.totals for metric in told.of_totals(totals, since=BEGAN)}


def test_counters_and_histograms_are_the_sums_over_the_workers(tmp_path):
    a_worker(tmp_path, "http-0", 0.25, 1.5)
    a_worker(tmp_path, "http-1", 1.0, 9.0)
    place = Place("took_seconds_bucket", (("le", "2.0"), ("route", "/a")))

    found = of_workers(tmp_path, points(exemplars={place: Exemplar(1.5, TRACE, SPAN, 1.25)}))

    asked, took = found["asked_total"], found["took_seconds"]
    assert (asked.description, took.unit) == ("Questions.", "s")
    assert asked.data.is_monotonic
    assert {asked.data.aggregation_temporality, took.data.aggregation_temporality} == {
        AggregationTemporality.CUMULATIVE
    }
    assert list(asked.data.data_points) == [NumberDataPoint({"route": "/a"}, BEGAN, NOW, 4.0)]
    assert list(took.data.data_points) == [
        HistogramDataPoint(
            attributes={"route": "/a"},
            start_time_unix_nano=BEGAN,
            time_unix_nano=NOW,
            count=4,
            sum=11.75,
            bucket_counts=[1, 2, 1],
            explicit_bounds=[0.5, 2.0],
            min=None,
            max=None,
            exemplars=[OtelExemplar({}, 1.5, 1_250_000_000, int(SPAN, 16), int(TRACE, 16))],
        )
    ]


def test_what_the_sidecar_looked_at_is_a_gauge_and_what_it_counted_a_sum():
    up = GaugeMetricFamily("booking_cache_up", "Up.", value=1)
    pushes = CounterMetricFamily("pushes", "Pushes.", labels=["result"])
    pushes.add_metric(["sent"], 3)

    gauge, counter = points().of_families([up, pushes], since=BEGAN)

    assert (gauge.name, [point.value for point in gauge.data.data_points]) == ("booking_cache_up", [1])
    assert (counter.name, list(counter.data.data_points)) == (
        "pushes_total",
        [NumberDataPoint({"result": "sent"}, BEGAN, NOW, 3)],
    )


def test_a_family_without_a_sample_is_not_told():
    assert list(points().of_families([CounterMetricFamily("cpu", "Time.", labels=["slot"])], since=BEGAN)) == []


def test_a_number_that_grows_keeps_its_beginning_and_one_that_fell_has_begun_since_the_last_push():
    beginnings = Beginnings(before=100)

    assert beginnings.of("asked", (), 5, since=10) == 10
    beginnings.before = 200
    assert beginnings.of("asked", (), 5, since=10) == 10
    beginnings.before = 300
    assert beginnings.of("asked", (), 1, since=10) == 300
    beginnings.before = 400
    assert beginnings.of("asked", (), 2, since=10) == 300


def test_counters_whose_files_were_made_anew_have_begun_with_the_new_ones():
    beginnings = Beginnings(before=100)
    beginnings.of("asked", (), 5, since=10)

    assert beginnings.of("asked", (), 1, since=150) == 150


def test_series_begin_each_by_itself():
    beginnings = Beginnings(before=100)
    for route, value in (("/a", 5), ("/b", 5), ("/a", 1)):
        beginnings.of("asked", (("route", route),), value, since=10)

    assert beginnings.of("asked", (("route", "/a"),), 1, since=10) == 100
    assert beginnings.of("asked", (("route", "/b"),), 6, since=10) == 10


def test_the_workers_count_since_the_first_slot_was_taken(tmp_path):
    for slot, seconds in (("http-1", 7), ("http-0", 5), ("jobs-0", 9)):
        (tmp_path / f"{slot}.lock").touch()
        os.utime(tmp_path / f"{slot}.lock", (seconds, seconds))

    assert first_slot_seconds(tmp_path) == 5


def test_without_a_slot_nobody_counts(tmp_path):
    assert first_slot_seconds(tmp_path) is None
