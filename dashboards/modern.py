"""grafanalib's JSON brought up to date: it speaks schema 12 (Grafana 4), Grafana 10 to 13 want 38 or later.

Apart from panels.py because it is plain dictionary work, and goes the day grafanalib catches up.
"""

from __future__ import annotations

from typing import Any

# Grafana 10.1's schema: newer versions migrate upwards from it, and below 37 they would show hidden legends again.
SCHEMA_VERSION = 38
REFRESH_ON_TIME_RANGE_CHANGE = 2
NOTHING = {"selected": True, "text": "", "value": ""}
ALL = {"selected": True, "text": ["All"], "value": ["$__all"]}

_DASHBOARD = [
    "annotations",
    "description",
    "editable",
    "graphTooltip",
    "links",
    "panels",
    "refresh",
    "tags",
    "templating",
    "time",
    "timezone",
    "title",
    "uid",
]
_PANEL = [
    "collapsed",
    "datasource",
    "description",
    "fieldConfig",
    "gridPos",
    "id",
    "interval",
    "links",
    "options",
    "panels",
    "targets",
    "title",
    "type",
]
_VARIABLE = [
    "allValue",
    "current",
    "datasource",
    "hide",
    "includeAll",
    "label",
    "multi",
    "name",
    "options",
    "query",
    "refresh",
    "regex",
    "sort",
    "type",
]


def modern(dashboard: dict[str, Any]) -> dict[str, Any]:
    """Return the dashboard with only the keys that today's Grafana reads, and with the values that it expects."""
    kept = _only(dashboard, _DASHBOARD)
    kept["panels"] = [_panel(panel) for panel in kept["panels"]]
    kept["templating"] = {"list": [_variable(variable) for variable in kept["templating"]["list"]]}
    return kept | {"schemaVersion": SCHEMA_VERSION}


def _panel(panel: dict[str, Any]) -> dict[str, Any]:
    kept = _only(panel, _PANEL)
    if kept["type"] == "row":
        return _only(kept, ["collapsed", "gridPos", "id", "panels", "title", "type"])
    kept["fieldConfig"]["defaults"] = _field(kept["fieldConfig"]["defaults"])
    if "displayMode" in kept["options"].get("legend", {}):
        kept["options"]["legend"] = {"calcs": [], "showLegend": True} | kept["options"]["legend"]
    return kept


def _field(defaults: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in defaults.items() if value is not None}
    if kept.get("custom"):
        kept["custom"] = {key: value for key, value in kept["custom"].items() if value is not None}
    # A base of 2 belongs to a logarithmic axis only.
    if kept.get("custom", {}).get("scaleDistribution", {}).get("type") == "linear":
        kept["custom"]["scaleDistribution"] = {"type": "linear"}
    return kept


def _variable(variable: dict[str, Any]) -> dict[str, Any]:
    kept = _only(variable, _VARIABLE)
    if kept.get("hide"):
        # In no link: the time range that a link carries decides.
        return kept | {"current": NOTHING, "refresh": REFRESH_ON_TIME_RANGE_CHANGE, "skipUrlSync": True}
    if kept["type"] == "query":
        return kept | {"current": ALL, "refresh": REFRESH_ON_TIME_RANGE_CHANGE, "regex": ""}
    if kept["type"] == "custom":
        option = kept["current"]
        return kept | {"current": {"selected": True, "text": [option["text"]], "value": [option["value"]]}}
    # Nothing chosen: Grafana takes its default data source.
    return {key: value for key, value in kept.items() if key != "current"}


def _only(mapping: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    return {key: mapping[key] for key in keys if mapping.get(key) is not None}
