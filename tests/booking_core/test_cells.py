"""Samples written in their places: the very files that the client library would have written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import prometheus_client.values
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from booking_core.telemetry import cells

SLOT = "http-0"


@pytest.fixture(autouse=True)
def _values_of_before() -> Iterator[None]:
    before = prometheus_client.values.ValueClass
    yield
    prometheus_client.values.ValueClass = before


def the_clients_own(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(directory))
    return prometheus_client.values.MultiProcessValue(lambda: SLOT)


def count(value_class: Any) -> None:
    """Count one of each kind, at first few, then so many that the file has to grow, then the first again."""
    prometheus_client.values.ValueClass = value_class
    registry = CollectorRegistry()
    first = Counter("first", "The first.", ["result"], registry=registry).labels("good")
    first.inc()
    many = Counter("many", "Many.", ["number"], registry=registry)
    for number in range(2000):
        many.labels(f"{number:050}").inc(number / 3)
    first.inc(2.5)
    took = Histogram("took_seconds", "How long.", registry=registry, buckets=(0.1, 1.0))
    for seconds in (0.05, 0.1, 0.7, 9.0):
        took.observe(seconds)
    Gauge("open", "How many.", registry=registry, multiprocess_mode="livesum").set(3)
    newest = Gauge("newest", "The newest.", registry=registry, multiprocess_mode="mostrecent")
    newest.set(4)
    value_class.close_all_files()


def files(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(directory.glob("*.db"))}


@pytest.mark.parametrize("lives", [1, 2])
def test_the_files_are_those_that_the_client_would_have_written_byte_for_byte(tmp_path, monkeypatch, lives):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for directory in (ours, theirs):
        directory.mkdir()
    monkeypatch.setattr("time.time", lambda: 1234.5)
    for _ in range(lives):
        count(cells.in_files_of(SLOT, ours))
        count(the_clients_own(theirs, monkeypatch))

    assert files(ours) == files(theirs)
    assert len(files(ours)["counter_http-0.db"]) > 2**16


def test_a_sample_says_what_it_holds_and_a_second_life_goes_on_from_there(tmp_path):
    held = []
    for _ in range(2):
        files_of_slot = cells.in_files_of(SLOT, tmp_path)
        prometheus_client.values.ValueClass = files_of_slot
        registry = CollectorRegistry()
        Counter("bookings", "Bookings.", registry=registry).inc(3)
        held.append(registry.get_sample_value("bookings_total"))
        files_of_slot.close_all_files()

    assert held == [3, 6]


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.05, 0.1, 0.1000001, 1.0, 9.0, float("inf")])
def test_an_observation_is_counted_where_the_client_would_have_counted_it(seconds):
    def observed(make: Callable[[Histogram], Any]) -> dict[tuple[str, ...], float]:
        registry = CollectorRegistry()
        make(Histogram("took_seconds", "How long.", registry=registry, buckets=(0.1, 1.0))).observe(seconds)
        samples = [sample for family in registry.collect() for sample in family.samples]
        return {(each.name, *each.labels.values()): each.value for each in samples if "_created" not in each.name}

    assert observed(cells.Distribution) == observed(lambda histogram: histogram)
