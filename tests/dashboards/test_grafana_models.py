"""Grafana's own models read our dashboards: every key is one they know, every value one of the kind they declare."""

from __future__ import annotations

import enum
import json
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import prometheus
from grafana_foundation_sdk.models.dashboard import Dashboard

Path = tuple[str | int, ...]

# What the models leave out although Grafana reads it.
UNMODELLED = {
    "titleFormat": "belongs to the annotation editor of the Prometheus plugin",
    "tagKeys": "belongs to the annotation editor of the Prometheus plugin",
}


@pytest.fixture(scope="module", autouse=True)
def _panel_and_query_kinds() -> None:
    plugins.register_default_plugins()


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict | list) and value:
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in inner:
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def test_nothing_of_ours_is_lost_or_changed_on_the_way_through_the_models(dashboard):
    back = json.loads(json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder))

    returned = dict(leaves(back))
    lost = [path for path, value in leaves(dashboard) if path not in returned or returned[path] != value]
    assert [path for path in lost if path[-1] not in UNMODELLED] == []


def test_every_query_is_read_as_a_prometheus_query(dashboard):
    for panel in Dashboard.from_json(dashboard).panels or []:
        for query in getattr(panel, "targets", None) or []:
            assert isinstance(query, prometheus.Dataquery)


def test_every_panel_kind_is_one_grafana_has(dashboard):
    for panel in Dashboard.from_json(dashboard).panels or []:
        kind = getattr(panel, "type_val", "")
        options = getattr(panel, "options", None)
        assert kind == "row" or type(options).__module__.startswith("grafana_foundation_sdk.models."), kind


def test_every_value_is_of_the_kind_the_model_declares(dashboard):
    assert list(misfits(Dashboard.from_json(dashboard))) == []


def test_a_misspelt_choice_would_be_found(dashboard):
    first = next(panel for panel in dashboard["panels"] if panel["type"] == "timeseries")
    first["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"]["mode"] = "dotted"

    assert [field for field, _ in misfits(Dashboard.from_json(dashboard))] == ["mode"]


def misfits(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield each attribute, however deep, whose value is not of its declared type: from_json itself takes anything."""
    if isinstance(model, list | dict):
        for item in model.values() if isinstance(model, dict) else model:
            yield from misfits(item)
    elif type(model).__module__.startswith("grafana_foundation_sdk.") and not isinstance(model, enum.Enum):
        hints = typing.get_type_hints(type(model), vars(sys.modules[type(model).__module__]))
        for name, value in vars(model).items():
            if not fits(value, hints.get(name, Any)):
                yield name, value
            yield from misfits(value)


def fits(value: Any, hint: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, argument) for argument in arguments)
    if origin is list:
        return isinstance(value, list) and all(fits(item, arguments[0]) for item in value)
    if origin is typing.Literal:
        return value in arguments
    return fits_plainly(value, origin or hint)


def fits_plainly(value: Any, kind: Any) -> bool:
    if kind in (Any, object):
        return True
    if issubclass(kind, enum.Enum):
        return value in list(kind)
    # A whole number is a float; the models leave links as the dictionaries they came in.
    is_raw = isinstance(value, dict) and kind.__module__.startswith("grafana_foundation_sdk.")
    return is_raw or isinstance(value, (kind, int) if kind is float else kind)
