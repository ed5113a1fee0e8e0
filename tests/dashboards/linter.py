"""All 17 rules of Grafana's dashboard-linter in Python, each at least as strict as there.

Stricter on purpose: the linter looks at six kinds of panel, this at every kind but rows and texts; it misses counters
whose selector has braces; it takes a target without `targetIdx` for excused, this knows no excuse but an exact one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser as pp
from grafana_foundation_sdk.models import units

from tests.dashboards import promql_tree as tree

Json = dict[str, Any]
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
RATES = ("rate", "irate")
VARIABLE_FUNCTIONS = ("label_names", "label_values", "metrics", "query_result")


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation and the place of it."""

    rule: str
    dashboard: str
    panel: str = ""
    target: int | None = None
    message: str = ""

    @property
    def place(self) -> tuple[str, str, str, int | None]:
        return (self.rule, self.dashboard, self.panel, self.target)


def lint(dashboard: Json) -> Iterator[Finding]:
    """Yield everything that breaks a rule, excused or not."""
    for name, rule in DASHBOARD_RULES.items():
        for message in rule(dashboard):
            yield Finding(name, dashboard["title"], message=message)
    for panel in panels(dashboard):
        for name, rule in PANEL_RULES.items():
            for message in rule(panel):
                yield Finding(name, dashboard["title"], panel["title"], message=message)
        for index, target in enumerate(panel.get("targets") or []):
            for name, rule in TARGET_RULES.items():
                for message in rule(target):
                    yield Finding(name, dashboard["title"], panel["title"], index, message)


def excused(path: Path) -> Mapping[tuple[str, str, str, int | None], str]:
    """Read a `.lint` file: the reason for each exact place."""
    exclusions = json.loads(path.read_text("utf-8"))["exclusions"]
    return {
        (rule, entry["dashboard"], entry["panel"], int(entry["targetIdx"])): entry["reason"]
        for rule, listed in exclusions.items()
        for entry in listed["entries"]
    }


def panels(dashboard: Json) -> Iterator[Json]:
    """Yield every panel that shows data, also those inside rows."""
    for panel in dashboard["panels"]:
        if panel["type"] not in ("row", "text"):
            yield panel
        yield from (inner for inner in panel.get("panels") or [] if inner["type"] != "text")


def variables(dashboard: Json, kind: str) -> list[Json]:
    return [variable for variable in dashboard["templating"]["list"] if variable["type"] == kind]


def _template_datasource(dashboard: Json) -> Iterator[str]:
    found = variables(dashboard, "datasource")
    if [(variable["name"], variable.get("label")) for variable in found] != [("datasource", "Data source")]:
        yield "needs exactly one data source variable, named datasource and labelled 'Data source'"


def _template(name: str) -> Callable[[Json], Iterator[str]]:
    def rule(dashboard: Json) -> Iterator[str]:
        found = [variable for variable in dashboard["templating"]["list"] if variable["name"] == name]
        if not found:
            yield f"has no variable {name}"
            return
        wanted = {"type": "query", "label": name.title(), "multi": True, "allValue": ".+"}
        actual = {key: found[0].get(key) for key in wanted}
        if actual != wanted:
            yield f"variable {name} is {actual}, not {wanted}"
        if (found[0].get("datasource") or {}).get("uid") not in ("$datasource", "${datasource}"):
            yield f"variable {name} does not ask $datasource"

    return rule


def _template_label_promql(dashboard: Json) -> Iterator[str]:
    for variable in variables(dashboard, "query"):
        call = re.fullmatch(r"([a-z_]+)\((.+?)(?:, *\w+)?\)", variable["query"])
        if call is None or call[1] not in VARIABLE_FUNCTIONS:
            yield f"variable {variable['name']} does not call one of {', '.join(VARIABLE_FUNCTIONS)}"
        elif not _parses(call[2]):
            yield f"variable {variable['name']} asks for what is not PromQL"


def _template_reload(dashboard: Json) -> Iterator[str]:
    for variable in variables(dashboard, "query"):
        if variable.get("refresh") != 2:
            yield f"variable {variable['name']} is not refreshed when the time range changes (2)"


def _uneditable(dashboard: Json) -> Iterator[str]:
    if dashboard.get("editable", True):
        yield "is editable"


def _panel_datasource(panel: Json) -> Iterator[str]:
    if (panel.get("datasource") or {}).get("uid") not in ("$datasource", "${datasource}"):
        yield "does not ask $datasource"


def _panel_title_description(panel: Json) -> Iterator[str]:
    if not (panel.get("title") and panel.get("description")):
        yield "has no title or no description"


def _panel_units(panel: Json) -> Iterator[str]:
    unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit")
    if unit not in UNITS:
        yield f"has no valid unit: {unit!r}"


def _panel_no_targets(panel: Json) -> Iterator[str]:
    if not panel.get("targets"):
        yield "has no targets"


def _is_loki(target: Json) -> bool:
    return (target.get("datasource") or {}).get("type") == "loki"


def _target_logql(target: Json) -> Iterator[str]:
    # Nothing here parses LogQL: the first Loki panel must bring its parser, not slip through.
    if _is_loki(target):
        yield "is a Loki query, which nothing here can check"


def _target_logql_auto(target: Json) -> Iterator[str]:
    if _is_loki(target) and re.search(r"\[(?!\$__auto\])[^\]]+\]", target.get("expr", "")):
        yield "has a fixed range instead of $__auto"


def _target_promql(target: Json) -> Iterator[str]:
    if not _is_loki(target) and not _parses(target.get("expr", "")):
        yield f"is not PromQL: {target.get('expr')!r}"


def _target_rate_interval(target: Json) -> Iterator[str]:
    for node, ancestors in _nodes(target):
        if isinstance(node, pp.MatrixSelector) and node.range != tree.RATE_INTERVAL:
            call = ancestors[-1] if ancestors else None
            if not isinstance(call, pp.Call) or call.func.name in RATES:
                yield f"should use $__rate_interval: {target['expr']}"


def _target_matcher(label: str) -> Callable[[Json], Iterator[str]]:
    def rule(target: Json) -> Iterator[str]:
        for node, _ in _nodes(target):
            if isinstance(node, pp.VectorSelector) and tree.matchers(node).get(label) != (pp.MatchOp.Re, f"${label}"):
                yield f'{node.name} lacks {label}=~"${label}"'

    return rule


def _target_counter(target: Json) -> Iterator[str]:
    for node, ancestors in _nodes(target):
        if isinstance(node, pp.VectorSelector) and (node.name or "").endswith("_total"):
            call = ancestors[-2] if len(ancestors) > 1 and isinstance(ancestors[-1], pp.MatrixSelector) else None
            if not isinstance(call, pp.Call) or call.func.name not in (*RATES, "increase"):
                yield f"counter {node.name} is not under rate, irate or increase"


def _nodes(target: Json) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    if not _is_loki(target) and _parses(target.get("expr", "")):
        yield from tree.nodes(tree.parsed(target["expr"]))


def _parses(expression: str) -> bool:
    try:
        tree.parsed(expression)
    except ValueError:
        return False
    return True


DASHBOARD_RULES: Mapping[str, Callable[[Json], Iterator[str]]] = {
    "template-datasource-rule": _template_datasource,
    "template-job-rule": _template("job"),
    "template-instance-rule": _template("instance"),
    "template-label-promql-rule": _template_label_promql,
    "template-on-time-change-reload-rule": _template_reload,
    "uneditable-dashboard": _uneditable,
}
PANEL_RULES: Mapping[str, Callable[[Json], Iterator[str]]] = {
    "panel-datasource-rule": _panel_datasource,
    "panel-title-description-rule": _panel_title_description,
    "panel-units-rule": _panel_units,
    "panel-no-targets-rule": _panel_no_targets,
}
TARGET_RULES: Mapping[str, Callable[[Json], Iterator[str]]] = {
    "target-logql-rule": _target_logql,
    "target-logql-auto-rule": _target_logql_auto,
    "target-promql-rule": _target_promql,
    "target-rate-interval-rule": _target_rate_interval,
    "target-job-rule": _target_matcher("job"),
    "target-instance-rule": _target_matcher("instance"),
    "target-counter-agg-rule": _target_counter,
}
RULES = (*DASHBOARD_RULES, *PANEL_RULES, *TARGET_RULES)
