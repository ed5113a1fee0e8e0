"""The words our dashboards are written in: stat, timeseries, bars, heatmap, timeline. The only importer of grafanalib.

Apart from the dashboards so that what every panel must have (data source, unit, description, colours) is put on here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import grafanalib.core as g

from dashboards.layout import COLUMNS, Size
from dashboards.queries import RATE_INTERVAL, STEP, Query
from dashboards.scales import GREEN, NEUTRAL, RED, Step, falling, rising, soft_axis, thresholds

DATASOURCE = {"type": "prometheus", "uid": "$datasource"}
# A core sees 1 to 10 bookings a minute: a rate over less than a minute would be mostly gaps.
SHORTEST_RATE_STEP = "1m"


@dataclass(frozen=True, slots=True)
class Caption:
    """What a reader sees around the numbers; `alert` names the runbook to open when they are bad."""

    title: str
    description: str
    unit: str
    alert: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """How series are drawn: on top of one another, in given colours (by legend), how wide."""

    stacked: bool = False
    colors: Mapping[str, str] | None = None
    width: int = COLUMNS // 2


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel without a place: `build` is a grafanalib constructor that waits for id, position and links."""

    caption: Caption
    size: Size
    queries: tuple[Query, ...]
    build: Callable[..., Any]


def stat(
    caption: Caption, *queries: Query, steps: Sequence[Step] = NEUTRAL, decimals: int = 0, width: int = 4
) -> Panel:
    """Show the latest value in the colour it has earned."""
    build = partial(
        g.Stat,
        **_common(caption, queries),
        format=caption.unit,
        decimals=decimals,
        noValue="no data",
        reduceCalc="lastNotNull",
        graphMode="none",
        extraJson=_field({"color": {"mode": "thresholds"}, "thresholds": thresholds(steps)}),
    )
    return Panel(caption, Size(width, 4), queries, build)


def timeseries(caption: Caption, *queries: Query, lines: Sequence[Step] = (), look: Look | None = None) -> Panel:
    """Draw how values change over time; `lines` are dashed limits, each at its value."""
    look = look or Look()
    custom = soft_axis(caption.unit, lines)
    build = partial(
        g.TimeSeries,
        **_common(caption, queries),
        unit=caption.unit,
        thresholdsStyleMode="dashed" if lines else "off",
        stacking={"mode": "normal" if look.stacked else "none", "group": "A"},
        fillOpacity=30 if look.stacked else 5,
        legendDisplayMode="table",
        legendCalcs=["lastNotNull", "max"],
        tooltipMode="multi",
        tooltipSort="desc",
        overrides=[*_colored(look.colors or {}), *(_dashed(query.legend) for query in queries if query.promised)],
        extraJson=_field({"custom": custom, "thresholds": thresholds(rising(*lines))}),
    )
    return Panel(caption, Size(look.width, 8), queries, build)


def bars(caption: Caption, *queries: Query, color: str = RED, width: int = COLUMNS // 3) -> Panel:
    """Compare kinds with one another; a bar has its colour as soon as it counts one."""
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": True,
        "valueMode": "color",
    }
    defaults = {
        "color": {"mode": "thresholds"},
        "decimals": 0,
        "min": 0,
        "noValue": "none",
        # increase() extrapolates: half a count is the least that can stand for one.
        "thresholds": thresholds(rising(Step(0.5, color))),
        "unit": caption.unit,
    }
    build = partial(_Plain, **_common(caption, queries), extraJson=_plain("bargauge", options, defaults))
    return Panel(caption, Size(width, 8), queries, build)


def heatmap(caption: Caption, query: Query) -> Panel:
    """Show a whole distribution over time: the darker a cell, the more observations fell into its bucket."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "reverse": False, "fill": "dark-orange"},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"show": True, "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "unit": caption.unit},
    }
    common = _common(caption, (query,), form="heatmap")
    build = partial(_Plain, **common, extraJson=_plain("heatmap", options, {"unit": caption.unit}))
    return Panel(caption, Size(COLUMNS // 2, 8), (query,), build)


def timeline(caption: Caption, *queries: Query) -> Panel:
    """Show since when each thing is up (1) or down (0)."""
    words = {"0": {"text": "Down", "color": RED, "index": 0}, "1": {"text": "Up", "color": GREEN, "index": 1}}
    build = partial(
        g.StateTimeline,
        **_common(caption, queries),
        mappings=[{"type": "value", "options": words}],
        showValue="never",
        extraJson=_field({"thresholds": thresholds(falling(Step(1, GREEN))), "unit": caption.unit}),
    )
    return Panel(caption, Size(COLUMNS, 9), queries, build)


def heading(title: str, **place: Any) -> Any:
    """Make the line that opens a row of panels."""
    return g.RowPanel(title=title, **place)


def runbook(url: str, alert: str) -> Any:
    """Make the link a panel carries to the page that says what to do."""
    return g.DataLink(title=f"Runbook: {alert}", linkUrl=url, isNewTab=True)


def query_variable(name: str, query: str) -> Any:
    """Make a choice that Prometheus fills, with everything chosen at first."""
    return g.Template(
        name=name, label=name.title(), query=query, dataSource=DATASOURCE, multi=True, includeAll=True, allValue=".+"
    )


def hidden_variable(variable: str, query: str) -> Any:
    """Make what nobody chooses: the time range on show does; `query` is one of `queries.beyond`."""
    return g.Template(
        name=variable[1:], query=query, dataSource=DATASOURCE, hide=g.HIDE_VARIABLE, regex='/value="(.*?)"/'
    )


def datasource_variable() -> Any:
    """Make the choice of the Prometheus that answers."""
    return g.Template(name="datasource", label="Data source", type="datasource", query="prometheus")


def fixed_variable(name: str, values: Sequence[str]) -> Any:
    """Make a choice among known values, with the first chosen."""
    return g.Template(
        name=name,
        label=name.title(),
        type="custom",
        query=",".join(values),
        default=values[0],
        multi=True,
        includeAll=True,
        allValue=".+",
    )


def sibling_link(tag: str) -> Any:
    """Make the menu of our other dashboards, which keeps the time range and the variables."""
    return g.DashboardLink(
        title="Slotwatch dashboards", type="dashboards", tags=[tag], asDropdown=True, includeVars=True
    )


def outside_link(title: str, url: str) -> Any:
    """Make a link that leaves Grafana."""
    return g.DashboardLink(title=title, type="link", uri=url, icon="doc", targetBlank=True, keepTime=False)


def assembled(**parts: Any) -> dict[str, Any]:
    """Put a dashboard together and return it as grafanalib writes it, in plain dictionaries."""
    templating = g.Templating(list=parts.pop("variables"))
    annotations = g.Annotations(list=parts.pop("annotations"))
    dashboard = g.Dashboard(
        **parts, templating=templating, annotations=annotations, editable=False, timezone="browser", graphTooltip=1
    )
    document: dict[str, Any] = json.loads(json.dumps(dashboard, default=lambda part: part.to_json_data()))
    return document


class _Plain(g.Panel):  # type: ignore[misc]  # grafanalib carries no types
    """A panel of a kind that grafanalib writes as Grafana 6 did; all that is particular to it comes as extraJson."""

    def to_json_data(self) -> Any:
        return self.panel_json({})


def _common(caption: Caption, queries: Sequence[Query], *, form: str = "time_series") -> dict[str, Any]:
    has_rate = any(RATE_INTERVAL in query.expression for query in queries)
    return {
        "title": caption.title,
        "description": caption.description,
        "dataSource": DATASOURCE,
        "interval": SHORTEST_RATE_STEP if has_rate else None,
        # grafanalib would fix 100 points a panel, which at five-second scrapes hides every short outage.
        "maxDataPoints": None,
        "targets": [_target(index, query, form) for index, query in enumerate(queries)],
    }


def _target(index: int, query: Query, form: str) -> dict[str, Any]:
    """Write one query; grafanalib's own Target knows no exemplars and no difference between a range and an instant."""
    # Grafana takes four of these for $__rate_interval, so that a rate over a copy has samples enough.
    step = {"interval": STEP} if query.is_sparse and not query.instant else {}
    return step | {
        "datasource": DATASOURCE,
        "exemplar": query.exemplar,
        "expr": query.expression,
        "format": form,
        "instant": query.instant,
        "legendFormat": query.legend,
        "range": not query.instant,
        "refId": chr(ord("A") + index),
    }


def _field(defaults: dict[str, Any]) -> dict[str, Any]:
    return {"fieldConfig": {"defaults": defaults}}


def _plain(kind: str, options: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "options": options, "fieldConfig": {"defaults": defaults, "overrides": []}}


def _colored(colors: Mapping[str, str]) -> list[dict[str, Any]]:
    return [_override(name, _fixed(color)) for name, color in colors.items()]


def _dashed(legend: str) -> dict[str, Any]:
    style = {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [10, 10]}}
    return _override(legend, _fixed(RED), style, {"id": "custom.fillOpacity", "value": 0})


def _fixed(color: str) -> dict[str, Any]:
    return {"id": "color", "value": {"mode": "fixed", "fixedColor": color}}


def _override(name: str, *properties: dict[str, Any]) -> dict[str, Any]:
    return {"matcher": {"id": "byName", "options": name}, "properties": list(properties)}
