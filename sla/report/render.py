"""Writes a report in its four forms: md and html for people, json and csv for machines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from sla.report import charts
from sla.report.figures import Kept, Share, Uptime
from sla.report.measure import METHOD, Report

UNKNOWN = "\u2013"

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("sla.report"),
    autoescape=jinja2.select_autoescape(["html.jinja"]),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)


def files(report: Report) -> Mapping[str, str]:
    """Return the text of every form by its file name."""
    return {
        "report.md": _TEMPLATES.get_template("report.md.jinja").render(**_words(report)),
        "report.html": _TEMPLATES.get_template("report.html.jinja").render(**_words(report), **_drawn(report)),
        "report.json": json.dumps(_document(report), indent=2, ensure_ascii=False) + "\n",
        "report.csv": _table(report),
    }


def write(report: Report, directory: Path) -> list[Path]:
    """Write every form into a directory, whole or not at all, and return the paths. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in files(report).items():
        path = directory / name
        beside = path.with_suffix(f"{path.suffix}.new")
        beside.write_text(text, "utf-8")
        beside.replace(path)
        written.append(path)
    return written


def headline(report: Report) -> str:
    """Say in one sentence what matters: kept, broken, or not known."""
    if not report.is_sufficient:
        return f"Insufficient data: only {percent(report.coverage)} of the time was seen."
    promised: Sequence[Kept | Uptime] = (*report.objectives, report.uptime)
    broken = [each.title for each in promised if report.keeps(each) is False]
    return f"Broken: {'; '.join(broken)}." if broken else "Every promise was kept."


def percent(share: float | None, digits: int = 2) -> str:
    """Write a share, a dash where it is not known."""
    return UNKNOWN if share is None else f"{100 * share:.{digits}f} %"


def _words(report: Report) -> dict[str, Any]:
    zone = report.period.zone
    return {
        "report": report,
        "headline": headline(report),
        "method": METHOD,
        "percent": percent,
        "count": lambda number: UNKNOWN if number is None else f"{number:,.0f}".replace(",", "\u202f"),
        "seconds": lambda value: UNKNOWN if value is None else f"{value:.2f} s",
        "local": lambda moment: f"{moment.astimezone(zone):%Y-%m-%d %H:%M}",
        "verdict": lambda kept: {True: "kept", False: "broken", None: "not known"}[kept],
    }


def _drawn(report: Report) -> dict[str, Any]:
    return {
        "by_day": Markup(charts.success_by_day(report)),  # noqa: S704 - drawn here, of numbers and dates
        "by_week": Markup(charts.budget_by_week(report.objectives[0])),  # noqa: S704 - as above
        "trend": Markup(charts.trend(report)),  # noqa: S704 - as above
    }


def _document(report: Report) -> dict[str, Any]:
    return {
        "service": report.service,
        "period": {
            "name": report.period.name,
            "start": _iso(report.period.start),
            "end": _iso(report.period.end),
            "time_zone": report.period.zone.key,
        },
        "made_at": _iso(report.made_at),
        "method": METHOD,
        "headline": headline(report),
        "coverage": report.coverage,
        "sufficient": report.is_sufficient,
        "objectives": [
            {
                "slo": each.slo,
                "title": each.title,
                "target": float(each.target),
                "raw": _share(each.raw),
                "adjusted": _share(each.adjusted),
                "kept": report.keeps(each),
                "budget_events": each.budget_events,
                "budget_used": each.budget_used,
                "weeks": [
                    {"week": week.name, **_share(week.share), "budget_used": week.budget_used} for week in each.weeks
                ],
            }
            for each in report.objectives
        ],
        "uptime": {
            "target": float(report.uptime.target),
            "raw": _share(report.uptime.raw),
            "adjusted": _share(report.uptime.adjusted),
            "kept": report.keeps(report.uptime),
        },
        "latencies": [
            {
                "title": each.title,
                "count": each.count,
                "p50": each.p50,
                "p95": each.p95,
                "p99": each.p99,
                "within": {f"{edge:g}": share for edge, share in each.within.items()},
            }
            for each in report.latencies
        ],
        "failures_by_reason": dict(report.reasons),
        "incidents": [
            {
                "alertname": each.alertname,
                "start": _iso(each.start),
                "end": _iso(each.end),
                "seconds_to_page": each.seconds_to_page,
                "runbook": each.runbook,
            }
            for each in report.incidents
        ],
        "exclusions": [each.model_dump(mode="json") for each in report.exclusions],
        "trend": {each.month: each.success for each in report.trend},
    }


def _share(share: Share) -> dict[str, float | None]:
    return {"events": share.all, "bad": share.bad, "good_share": share.value}


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _table(report: Report) -> str:
    """Return one line a figure: what is compared over months is easiest compared in a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("period", "figure", "value", "events", "bad", "target"))
    writer.writerows((report.period.name, *row) for row in _rows(report))
    return text.getvalue()


def _rows(report: Report) -> Iterator[tuple[object, ...]]:
    yield "coverage", report.coverage, "", "", report.least_coverage
    up = report.uptime
    kept = [(each.slo, each.raw, each.adjusted, each.target) for each in report.objectives]
    for name, raw, adjusted, target in (*kept, ("uptime", up.raw, up.adjusted, up.target)):
        yield name, raw.value, raw.all, raw.bad, target
        yield f"{name} adjusted", adjusted.value, adjusted.all, adjusted.bad, target
    for latency in report.latencies:
        for quantile, value in (("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99)):
            yield f"{latency.title} {quantile} seconds", value, latency.count, "", ""
        for edge, share in latency.within.items():
            yield f"{latency.title} within {edge:g} s", share, latency.count, "", ""
    for reason, count in report.reasons:
        yield f"failed: {reason}", count, "", count, ""
