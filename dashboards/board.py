"""A whole dashboard: rows of panels under one title, with the variables, annotations and links all of ours share.

Apart from panels.py, which knows how each part is written, and from the dashboards, which know what to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dashboards import panels
from dashboards.layout import COLUMNS, Place, Size, flow
from dashboards.modern import modern
from dashboards.panels import Panel
from dashboards.queries import CRITICAL_ALERTS, INSTANCES, JOBS, SPARSE, STEP, appeared, beyond
from dashboards.scales import BLUE, RED
from sla import catalogue as c
from sla import sparse
from sla.objectives import Promise, Timers

TAG = "slotwatch"
_HEADING = Size(COLUMNS, 1)


@dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels under it."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable beyond data source, job and instance; its first value is chosen at first."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """What one dashboard shows, from the promise down to the cause."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...] = ()

    def panels(self) -> Iterator[Panel]:
        for row in self.rows:
            yield from row.panels


def document(board: Board, promise: Promise) -> dict[str, Any]:
    """Write the dashboard as Grafana reads it."""
    return modern(
        panels.assembled(
            uid=board.uid,
            title=board.title,
            description=board.description,
            tags=[TAG, promise.service],
            refresh="10s",
            panels=list(_placed(board, promise)),
            variables=_variables(board, promise.timers),
            annotations=[_critical_alerts(), _deployments()],
            links=[panels.sibling_link(TAG), panels.outside_link("Runbooks", promise.runbook_base_url)],
        )
    )


def _placed(board: Board, promise: Promise) -> Iterator[Any]:
    parts: list[Row | Panel] = []
    for row in board.rows:
        parts += [row, *row.panels]
    sizes = [part.size if isinstance(part, Panel) else _HEADING for part in parts]
    for identity, (part, place) in enumerate(zip(parts, flow(sizes), strict=True), start=1):
        where = {"id": identity, "gridPos": _grid(place)}
        if isinstance(part, Panel):
            yield part.build(**where, links=_links(part, promise))
        else:
            yield panels.heading(part.title, **where)


def _grid(place: Place) -> dict[str, int]:
    return {"x": place.x, "y": place.y, "w": place.width, "h": place.height}


def _links(panel: Panel, promise: Promise) -> list[Any]:
    alert = panel.caption.alert
    return [panels.runbook(f"{promise.runbook_base_url}/{alert}.md", alert)] if alert else []


def _variables(board: Board, timers: Timers) -> list[Any]:
    return [
        panels.datasource_variable(),
        panels.query_variable("job", JOBS),
        panels.query_variable("instance", INSTANCES),
        *(panels.fixed_variable(choice.name, choice.values) for choice in board.choices),
        *(_by_range(timers) if any(query.is_sparse for panel in board.panels() for query in panel.queries) else ()),
    ]


def _by_range(timers: Timers) -> Iterator[Any]:
    yield panels.hidden_variable(SPARSE, beyond(timers.sparse_beyond, sparse.ENDING))
    yield panels.hidden_variable(STEP, beyond(timers.sparse_beyond, str(timers.sparse_interval)))


def _critical_alerts() -> dict[str, Any]:
    return {
        "name": "Critical alerts",
        "datasource": panels.DATASOURCE,
        "enable": True,
        "expr": CRITICAL_ALERTS,
        "iconColor": RED,
        "tagKeys": "component",
        "titleFormat": "{{alertname}}",
    }


def _deployments() -> dict[str, Any]:
    return {
        "name": "Deployments",
        "datasource": panels.DATASOURCE,
        "enable": True,
        "expr": appeared(c.BUILD_INFO),
        "iconColor": BLUE,
        "titleFormat": "Version {{version}} started",
    }
