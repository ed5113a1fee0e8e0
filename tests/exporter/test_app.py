"""The sidecar answers whatever is broken, and says what is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prometheus_client.metrics_core import GaugeMetricFamily

from exporter.collectors import Runner, Unreachable, gauge
from exporter.collectors.metric_files import MetricFilesCollector
from exporter.collectors.workers import WorkersCollector
from exporter.settings import Settings
from sla import catalogue as c
from sla.environment import SettingsError


class Good:
    name = "cache"

    def collect(self):
        yield gauge(c.CACHE_UP, 1)


class Away:
    name = "database"

    def collect(self):
        raise Unreachable([gauge(c.DB_UP, 0)]) from OSError("no socket")


class Broken:
    name = "workers"

    def collect(self):
        yield gauge(c.WORKERS_LIVE, 1)
        raise RuntimeError


def samples(*collectors) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels.get("collector", "")): sample.value
        for family in Runner(collectors).collect()
        for sample in family.samples
    }


def test_a_broken_collector_hides_no_other_and_tells_no_half_truth():
    found = samples(Broken(), Away(), Good())

    assert found[c.CACHE_UP.name, ""] == 1
    assert (c.WORKERS_LIVE.name, "") not in found
    assert [found[c.COLLECTOR_SUCCESS.name, name] for name in ("workers", "database", "cache")] == [0, 0, 1]


def test_what_is_known_of_an_unreachable_source_is_still_said():
    assert samples(Away())[c.DB_UP.name, ""] == 0


def test_every_run_is_timed():
    assert set(samples(Good())) >= {(c.COLLECTOR_DURATION.name, "cache")}


def test_the_duration_is_the_time_between_two_looks_at_the_clock():
    times = iter((10.0, 10.25))

    found = {s.name: s.value for f in Runner([Good()], clock=lambda: next(times)).collect() for s in f.samples}

    assert found[c.COLLECTOR_DURATION.name] == 0.25


def test_an_empty_or_missing_directory_is_a_core_that_has_not_started(tmp_path: Path):
    directory = tmp_path / "not" / "yet"

    families = list(MetricFilesCollector(directory, now=lambda: 42.0).collect())

    about_reading = (c.LAST_READ.name, c.FILES_SKIPPED.name.removesuffix("_total"), c.SERIES_FOLDED.name)
    assert [family.name for family in families] == [*about_reading]


def test_no_worker_alive_is_a_number_and_not_a_gap(tmp_path: Path):
    (tmp_path / "http-0.lock").touch()

    families = {family.name: family for family in WorkersCollector(tmp_path).collect()}

    assert families[c.WORKERS_LIVE.name].samples[0].value == 0


def test_every_setting_explains_itself():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_opentelemetrys_own_variables_are_read_explained_and_refused_by_their_own_names(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")

    assert Settings.read(os.environ).otlp_endpoint == "http://collector:4318"
    assert {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_METRIC_EXPORT_INTERVAL"} <= set(Settings.variables())
    with pytest.raises(SettingsError, match="EXPORTER_OTLP_ENDPOINT is not a setting"):
        Settings.read({"EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
    with pytest.raises(SettingsError, match=r"^OTEL_EXPORTER_OTLP_ENDPOINT: String should match"):
        Settings.read({}, otlp_endpoint="collector:4318")


def test_families_of_one_scrape_are_never_seen_in_the_next():
    runner = Runner([Good()])
    first, second = list(runner.collect()), list(runner.collect())

    assert all(isinstance(family, GaugeMetricFamily) for family in first)
    assert not set(map(id, first)) & set(map(id, second))
