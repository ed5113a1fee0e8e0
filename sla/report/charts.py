"""The charts of the report as SVG: drawn when it is written, so that it opens anywhere, without network or script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import vl_convert

from sla.report.figures import Kept
from sla.report.measure import Report

_INK, _GOOD, _BAD, _LINE = "#1f2933", "#2f7d5b", "#c0392b", "#8a94a0"
_WIDTH, _HEIGHT = 880, 190
# Names of other periods than months are too long to stand below a point.
_THIS = "this report"


def success_by_day(report: Report) -> str:
    """Draw the success rate of every day against the target; a day without a point is not known."""
    target = float(report.objectives[0].target)
    rows = [{"day": day, "share": share} for day, share in report.days]
    # Of a date only the day of the month has room.
    encoding = {**_over_time("day", [row["day"] for row in rows], label="slice(datum.label, 8)"), **_shares("share")}
    color = {"condition": {"test": f"datum.share >= {target}", "value": _GOOD}, "value": _BAD}
    line = {"mark": {"type": "line", "color": _LINE, "strokeWidth": 1}, "encoding": encoding}
    points = {"mark": {"type": "circle", "size": 70, "opacity": 1}, "encoding": {**encoding, "color": color}}
    return _svg({"layer": [_rule(target), line, points], "data": {"values": rows}})


def budget_by_week(objective: Kept) -> str:
    """Draw what each week took of the period's budget."""
    rows = [{"week": week.name, "used": week.budget_used or 0.0} for week in objective.weeks]
    return _svg(
        {
            "data": {"values": rows},
            "mark": {"type": "bar", "color": _BAD, "height": {"band": 0.6}},
            "encoding": {
                "y": {"field": "week", "type": "ordinal", "title": None},
                "x": {"field": "used", "type": "quantitative", "title": None, "axis": {"format": ".0%"}},
            },
        },
        height=28 * max(1, len(rows)),
    )


def trend(report: Report) -> str:
    """Draw the success rate of the months before and of this period; a month without a point is not known."""
    months = [(each.month, each.success) for each in report.trend]
    rows = [{"month": name, "share": share} for name, share in (*months, (_THIS, _success(report)))]
    encoding = {**_over_time("month", [row["month"] for row in rows]), **_shares("share")}
    line = {"mark": {"type": "line", "point": {"size": 70, "color": _INK}, "color": _INK}, "encoding": encoding}
    return _svg({"layer": [_rule(float(report.objectives[0].target)), line], "data": {"values": rows}})


def _success(report: Report) -> float | None:
    return report.objectives[0].raw.value


def _over_time(field: str, names: Sequence[object], *, label: str = "datum.label") -> Mapping[str, Any]:
    axis = {"labelAngle": 0, "labelOverlap": True, "labelExpr": label}
    return {"x": {"field": field, "type": "ordinal", "title": None, "scale": {"domain": names}, "axis": axis}}


def _shares(field: str) -> Mapping[str, Any]:
    # Not from zero: what matters happens in the last few per cent, and points, unlike bars, do not lie about it.
    scale = {"zero": False, "nice": True, "padding": 8}
    return {"y": {"field": field, "type": "quantitative", "title": None, "scale": scale, "axis": {"format": ".1%"}}}


def _rule(value: float) -> Mapping[str, Any]:
    return {
        "mark": {"type": "rule", "color": _LINE, "strokeDash": [4, 4]},
        "data": {"values": [{"target": value}]},
        "encoding": {"y": {"field": "target", "type": "quantitative"}},
    }


def _svg(chart: Mapping[str, Any], *, height: int = _HEIGHT) -> str:
    whole = {"width": _WIDTH, "height": height, "background": None, "config": _CONFIG, **chart}
    return str(vl_convert.vegalite_to_svg(whole, vl_version="5.20"))


_FONT: Sequence[str] = ("system-ui", "sans-serif")
_CONFIG: Mapping[str, Any] = {
    "font": ", ".join(_FONT),
    "view": {"stroke": None},
    "axis": {"labelColor": _INK, "gridColor": "#e4e7eb", "domainColor": _LINE, "tickColor": _LINE},
}
