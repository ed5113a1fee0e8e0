"""The dashboards as they are committed: what Grafana will read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashboards.render import DIRECTORY
from sla import objectives
from sla.objectives import Promise


@pytest.fixture(scope="session")
def promise() -> Promise:
    return objectives.load()


@pytest.fixture(params=sorted(path.name for path in DIRECTORY.glob("*.json")))
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each committed dashboard in turn."""
    document: dict[str, Any] = json.loads((DIRECTORY / request.param).read_text("utf-8"))
    return document


@pytest.fixture(scope="session")
def all_dashboards() -> list[dict[str, Any]]:
    """Every committed dashboard."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(DIRECTORY.glob("*.json"))]
