import pytest
import yaml

from alerts import prometheus, render
from sla.topology import COMPOSE, JOBS, NATIVE, Place, Process


@pytest.mark.parametrize("place", [NATIVE, COMPOSE], ids=lambda place: place.name)
def test_every_job_is_scraped_at_its_address(place, promise):
    scraped = prometheus.document(place, promise, rules="x")["scrape_configs"]

    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in scraped}
    assert targets == {job: [place.address(process)] for job, process in JOBS.items()}


def test_the_job_booking_is_the_sidecar(promise):
    first = prometheus.document(NATIVE, promise, rules="x")["scrape_configs"][0]

    assert first == {"job_name": "booking", "static_configs": [{"targets": ["127.0.0.1:9464"]}]}


def test_another_place_gets_its_own_ports_and_rules_path():
    elsewhere = Place("elsewhere", ports={Process.ONCALL: 19466, Process.ALERTMANAGER: 19093})

    texts = render.configuration(elsewhere, rules="/somewhere/rules/*.yaml")

    assert sorted(texts) == ["alertmanager.yml", "prometheus.yml"]
    document = yaml.safe_load(texts["prometheus.yml"])
    assert document["rule_files"] == ["/somewhere/rules/*.yaml"]
    assert document["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["127.0.0.1:19093"]}]}]
    assert "http://127.0.0.1:19466/pager" in texts["alertmanager.yml"]


def test_the_start_flags_follow_from_the_promise(promise):
    assert prometheus.prometheus_flags(promise) == [
        "--storage.tsdb.retention.time=35d",
        "--rules.alert.resend-delay=15s",
        "--enable-feature=exemplar-storage",
    ]


def test_samples_are_kept_for_longer_than_any_objective_looks_back(promise):
    windows = [getattr(promise.objectives, name).window for name in type(promise.objectives).model_fields]
    assert promise.timers.retention > max(windows)
