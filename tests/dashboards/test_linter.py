"""Every rule of the linter can fail, our dashboards fail none without a reason, and no reason is idle."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from dashboards.render import DIRECTORY, EXCUSES
from tests.dashboards import linter
from tests.dashboards.linter import Json

EXCUSED = linter.excused(DIRECTORY / EXCUSES)


def a_clean_dashboard() -> Json:
    datasource = {"type": "prometheus", "uid": "$datasource"}
    query = {"type": "query", "datasource": datasource, "multi": True, "allValue": ".+", "refresh": 2}
    expression = 'sum(rate(x_total{job=~"$job",instance=~"$instance"}[$__rate_interval]))'
    panel = {
        "type": "stat",
        "title": "A",
        "description": "What A is.",
        "datasource": datasource,
        "fieldConfig": {"defaults": {"unit": "short"}},
        "targets": [{"datasource": datasource, "expr": expression}],
    }
    return {
        "title": "Clean",
        "editable": False,
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
                query | {"name": "job", "label": "Job", "query": "label_values(up, job)"},
                query | {"name": "instance", "label": "Instance", "query": 'label_values(up{job=~"$job"}, instance)'},
            ]
        },
        "panels": [panel],
    }


def variable(index: int, **changes: object) -> Callable[[Json], None]:
    return lambda dashboard: dashboard["templating"]["list"][index].update(changes)


def panel(**changes: object) -> Callable[[Json], None]:
    return lambda dashboard: dashboard["panels"][0].update(changes)


def target(**changes: object) -> Callable[[Json], None]:
    return lambda dashboard: dashboard["panels"][0]["targets"][0].update(changes)


def asks(expression: str) -> Callable[[Json], None]:
    return target(expr=expression)


HERE = 'job=~"$job",instance=~"$instance"'
LOKI = {"type": "loki", "uid": "$datasource"}
BREAKAGES: list[tuple[str, Callable[[Json], Any]]] = [
    ("template-datasource-rule", lambda dashboard: dashboard["templating"]["list"].pop(0)),
    ("template-datasource-rule", variable(0, label="Source")),
    ("template-job-rule", lambda dashboard: dashboard["templating"]["list"].pop(1)),
    ("template-job-rule", variable(1, allValue=".*")),
    ("template-instance-rule", variable(2, multi=False)),
    ("template-instance-rule", variable(2, datasource={"uid": "prometheus"})),
    ("template-label-promql-rule", variable(1, query="label_values(up{, job)")),
    ("template-label-promql-rule", variable(1, query="labels(up, job)")),
    ("template-on-time-change-reload-rule", variable(2, refresh=1)),
    ("uneditable-dashboard", lambda dashboard: dashboard.update(editable=True)),
    ("uneditable-dashboard", lambda dashboard: dashboard.pop("editable")),
    ("panel-datasource-rule", panel(datasource={"type": "prometheus", "uid": "prometheus"})),
    ("panel-title-description-rule", panel(description="")),
    ("panel-title-description-rule", panel(type="heatmap", title="")),
    ("panel-units-rule", panel(fieldConfig={"defaults": {"unit": "bookings"}})),
    ("panel-units-rule", panel(fieldConfig={"defaults": {}})),
    ("panel-no-targets-rule", panel(targets=[])),
    ("target-logql-rule", target(datasource=LOKI, expr='{app="x"}')),
    ("target-logql-auto-rule", target(datasource=LOKI, expr='rate({app="x"}[5m])')),
    ("target-promql-rule", asks("sum(")),
    ("target-promql-rule", asks("")),
    ("target-rate-interval-rule", asks(f"rate(x_total{{{HERE}}}[5m])")),
    ("target-rate-interval-rule", asks(f"irate(x_total{{{HERE}}}[$__range])")),
    ("target-job-rule", asks('x{instance=~"$instance"}')),
    ("target-job-rule", asks(f'x{{{HERE}}} / y{{job="$job",instance=~"$instance"}}')),
    ("target-instance-rule", asks('x{job=~"$job"}')),
    ("target-counter-agg-rule", asks(f"x_total{{{HERE}}}")),
    ("target-counter-agg-rule", asks(f"max_over_time(x_total{{{HERE}}}[$__rate_interval])")),
]


def test_a_clean_dashboard_has_no_finding():
    assert list(linter.lint(a_clean_dashboard())) == []


@pytest.mark.parametrize(("rule", "break_it"), BREAKAGES)
def test_each_rule_finds_what_it_is_for(rule, break_it):
    dashboard = copy.deepcopy(a_clean_dashboard())

    break_it(dashboard)

    assert rule in {finding.rule for finding in linter.lint(dashboard)}


def test_all_seventeen_rules_are_ported_and_shown_to_fail():
    assert len(linter.RULES) == 17
    assert {rule for rule, _ in BREAKAGES} == set(linter.RULES)


def test_our_dashboards_break_no_rule_without_an_excuse(dashboard):
    assert [finding for finding in linter.lint(dashboard) if finding.place not in EXCUSED] == []


def test_every_excuse_is_needed_and_has_a_reason(all_dashboards):
    broken = {finding.place for dashboard in all_dashboards for finding in linter.lint(dashboard)}

    assert set(EXCUSED) - broken == set()
    assert all(EXCUSED.values())
