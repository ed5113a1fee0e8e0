"""How the dashboards are written: one importer of grafanalib, and no fact typed a second time."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dashboards
from sla.catalogue import catalogue

SOURCES = sorted(Path(dashboards.__file__).parent.glob("*.py"))


def words(path: Path) -> list[str]:
    """Return every text in a source file, docstrings and parts of f-strings included."""
    tree = ast.parse(path.read_text("utf-8"))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_only_panels_imports_grafanalib():
    importers = [path.name for path in SOURCES if any(name.startswith("grafanalib") for name in imports(path))]

    assert importers == ["panels.py"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_metric_name_is_typed_as_text(path):
    names = [metric.name for metric in catalogue()]

    assert [word for word in words(path) if any(name in word for name in names)] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_recorded_series_is_typed_as_text(path):
    assert [word for word in words(path) if word.startswith(("slo:", "job:")) and word != "job:"] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_file_outgrows_a_reader(path):
    assert len(path.read_text("utf-8").splitlines()) <= 300
