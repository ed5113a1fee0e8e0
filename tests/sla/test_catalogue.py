import re
from itertools import pairwise

import pytest

from sla import catalogue as c
from sla.catalogue import Home, Kind

EVERY = pytest.mark.parametrize("metric", c.catalogue(), ids=lambda metric: metric.name)


def test_no_metric_is_declared_twice():
    names = [metric.name for metric in c.catalogue()]
    assert len(names) == len(set(names))


def test_every_metric_has_exactly_one_home():
    assert sorted(m.name for home in Home for m in c.of(home)) == sorted(m.name for m in c.catalogue())


@EVERY
def test_a_name_says_its_unit_and_only_counters_end_in_total(metric):
    assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert not re.search(r"_(ms|millis|minutes|percent|count|sum|bucket)$", metric.name)


@EVERY
def test_a_name_begins_with_whose_it_is(metric):
    assert metric.name.startswith(("booking_", "exporter_", "alert_", "oncall_", "deadman_"))


@EVERY
def test_help_is_a_sentence_for_a_tired_person(metric):
    assert metric.help[0].isupper() or metric.help[0].isdigit()
    assert metric.help.endswith(".")


@EVERY
def test_labels_are_closed_and_not_taken_by_prometheus(metric):
    assert not {"job", "instance", "le", "quantile"} & set(metric.label_names)
    assert len(set(metric.label_names)) == len(metric.label_names)
    for label in metric.labels:
        assert len(set(label.values)) == len(label.values)


@EVERY
def test_only_histograms_have_edges_and_they_rise(metric):
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    assert all(low < high for low, high in pairwise(metric.buckets))


@EVERY
def test_every_child_has_exactly_the_declared_labels_and_values(metric):
    for child in metric.children():
        assert tuple(child) == metric.label_names
        for label in metric.labels:
            assert child[label.name] in label.values


def test_a_metric_without_labels_has_one_child():
    assert list(c.DB_UP.children()) == [{}]


def test_a_label_with_open_values_creates_no_child_in_advance():
    assert list(c.BUILD_INFO.children()) == []


def test_every_reason_can_only_go_with_its_outcome():
    outcomes: dict[str, set[str]] = {}
    for child in c.ATTEMPTS.children():
        outcomes.setdefault(child["reason"], set()).add(child["outcome"])

    assert outcomes.pop(c.NO_REASON) == set(c.GOOD_OUTCOMES)
    assert {reason for reason, ends in outcomes.items() if ends == {c.FAILED}} == set(c.FAILURE_REASONS)
    assert {reason for reason, ends in outcomes.items() if ends == {c.REFUSED}} == set(c.REFUSAL_REASONS)


def test_what_a_probe_can_touch_tells_real_from_synthetic():
    assert "traffic" in c.ATTEMPTS.label_names
    assert "traffic" in c.API_DURATION.label_names


def test_series_stay_few_enough_for_one_sidecar():
    series = sum(
        len(list(metric.children())) * (len(metric.buckets) + 3 if metric.buckets else 1) for metric in c.catalogue()
    )
    assert series < 3000
