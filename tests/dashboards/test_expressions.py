"""Every expression on a dashboard is PromQL and names only series and labels that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as pp
import pytest

from sla import series
from sla.catalogue import TRAFFIC, Kind, Metric, catalogue
from sla.promql import GIVEN, TARGET_LABELS
from tests.dashboards import linter
from tests.dashboards import promql_tree as tree

# Written by Prometheus itself.
BUILT_IN: Mapping[str, tuple[str, ...]] = {"up": (), "ALERTS": ("alertname", "alertstate", "severity"), **GIVEN}
# Metrics that no dashboard shows, each with its reason.
UNCHARTED: Mapping[str, str] = {}
CALLS_OVER_A_RANGE = {"rate": [tree.RATE_INTERVAL], "increase": [tree.RATE_INTERVAL, tree.RANGE]}


def expressions(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in linter.panels(dashboard):
        yield from (target["expr"] for target in panel["targets"])
    yield from (annotation["expr"] for annotation in dashboard["annotations"]["list"])


def sample_names(metric: Metric) -> Mapping[str, tuple[str, ...]]:
    """Return the names under which a metric's samples are stored, with the labels of each."""
    labels = (*metric.label_names, *TARGET_LABELS)
    if metric.kind is not Kind.HISTOGRAM:
        return {metric.name: labels}
    return {f"{metric.name}_bucket": (*labels, "le"), f"{metric.name}_sum": labels, f"{metric.name}_count": labels}


@pytest.fixture(scope="module")
def known(promise) -> dict[str, tuple[str, ...]]:
    """Every series a panel may name, with its labels."""
    known = {name: (*labels, *TARGET_LABELS) for name, labels in BUILT_IN.items()}
    for metric in catalogue():
        known |= sample_names(metric)
    for recording in series.recorded(promise):
        kept = ("job",) if recording.name.startswith("job:") else ()
        known[recording.name] = (*kept, *dict(recording.labels))
    return known


def test_every_expression_parses(dashboard):
    for expression in expressions(dashboard):
        assert tree.parsed(expression) is not None


def test_every_series_and_label_exists(dashboard, known):
    for expression in expressions(dashboard):
        for selector in tree.selectors(expression):
            assert selector.name in known, expression
            assert set(tree.matchers(selector)) <= set(known[selector.name]), expression


def test_an_aggregation_keeps_only_labels_its_series_have(dashboard, known):
    for expression in expressions(dashboard):
        for node, _ in tree.nodes(tree.parsed(expression)):
            if isinstance(node, pp.AggregateExpr) and node.modifier:
                inner = {label for found in tree.selectors(node.expr.prettify()) for label in known[found.name]}
                assert set(node.modifier.labels) <= inner, expression


def test_every_label_in_a_legend_survives_its_aggregation(dashboard):
    for panel in linter.panels(dashboard):
        for target in panel["targets"]:
            kept = {
                label
                for node, _ in tree.nodes(tree.parsed(target["expr"]))
                if isinstance(node, pp.AggregateExpr) and node.modifier
                for label in node.modifier.labels
            }
            assert set(_labels_in(target["legendFormat"])) <= kept, target["expr"]


def _labels_in(legend: str) -> list[str]:
    return [part.partition("}}")[0] for part in legend.split("{{")[1:]]


def test_a_matched_value_is_one_the_label_can_take(dashboard):
    closed = {
        (name, label.name): label.values
        for metric in catalogue()
        for name in sample_names(metric)
        for label in metric.labels
        if label.values
    }
    for expression in expressions(dashboard):
        for selector in tree.selectors(expression):
            for label, (_, value) in tree.matchers(selector).items():
                allowed = closed.get((selector.name, label))
                assert allowed is None or value.startswith("$") or set(value.split("|")) <= set(allowed), expression


def test_a_range_is_the_rate_interval_or_the_range_on_show(dashboard):
    for expression in expressions(dashboard):
        for node, ancestors in tree.nodes(tree.parsed(expression)):
            if isinstance(node, pp.MatrixSelector):
                assert node.range in CALLS_OVER_A_RANGE[ancestors[-1].func.name], expression


def test_a_query_over_the_range_on_show_is_asked_once_and_one_over_time_is_asked_as_a_range(dashboard):
    for panel in linter.panels(dashboard):
        for target in panel["targets"]:
            assert target["instant"] is not target["range"]
            assert "$__range]" not in target["expr"] or target["instant"], target["expr"]
            assert panel["type"] not in ("timeseries", "heatmap", "state-timeline") or target["range"], target["expr"]


def test_every_metric_is_shown_somewhere_or_says_why_not(all_dashboards):
    shown = {
        selector.name
        for dashboard in all_dashboards
        for expression in expressions(dashboard)
        for selector in tree.selectors(expression)
    }
    hidden = {metric.name for metric in catalogue() if shown.isdisjoint(sample_names(metric))}

    assert hidden == set(UNCHARTED)
    assert all(UNCHARTED.values())


def test_the_kpis_count_real_traffic_only(all_dashboards):
    marked = {name for metric in catalogue() if TRAFFIC in metric.labels for name in sample_names(metric)}
    kpis = next(dashboard for dashboard in all_dashboards if dashboard["uid"] == "booking-kpis")
    for expression in expressions(kpis):
        for selector in tree.selectors(expression):
            if selector.name in marked:
                assert tree.matchers(selector)["traffic"] == (pp.MatchOp.Equal, "real"), expression
