"""Grafana's queries as trees: variables replaced by samples, then parsed, with every node's ancestors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import promql_parser as pp

# Prime numbers of seconds, so that no range in an expression can be one of them by accident.
RATE_INTERVAL = timedelta(seconds=7919)
RANGE = timedelta(seconds=7907)
# How dashboards name what they draw of a short time; of a long one they draw copies with the same labels.
_HIDDEN = {"sparse": "", "__range_s": str(RANGE.seconds)}
_DURATIONS = {"__rate_interval": RATE_INTERVAL, "__range": RANGE, "__interval": timedelta(seconds=7901)}
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)[^}]*\}|\[\[(\w+)\]\]")


def expanded(expression: str) -> str:
    """Replace variables by samples, except inside quotes: there they are text to the parser."""
    parts = expression.split('"')
    parts[::2] = [_VARIABLE.sub(_sample, part) for part in parts[::2]]
    return '"'.join(parts)


def _sample(match: re.Match[str]) -> str:
    name = match[1] or match[2] or match[3]
    return f"{_DURATIONS[name].seconds}s" if name in _DURATIONS else _HIDDEN.get(name, name)


def parsed(expression: str) -> Any:
    return pp.parse(expanded(expression))


def nodes(tree: Any, ancestors: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield every node with its ancestors, the nearest last; the selector inside a range is a node of its own."""
    yield tree, ancestors
    for child in _children(tree):
        yield from nodes(child, (*ancestors, tree))


def _children(tree: Any) -> list[Any]:
    match tree:
        case pp.BinaryExpr():
            return [tree.lhs, tree.rhs]
        case pp.Call():
            return list(tree.args)
        case pp.AggregateExpr():
            return [tree.expr, *([tree.param] if isinstance(tree.param, pp.Expr) else [])]
        case pp.MatrixSelector():
            return [tree.vector_selector]
        case pp.ParenExpr() | pp.UnaryExpr() | pp.SubqueryExpr():
            return [tree.expr]
        case pp.VectorSelector() | pp.NumberLiteral() | pp.StringLiteral():
            return []
    raise TypeError(f"promql_parser has a node this walk does not know: {type(tree).__name__}")


def selectors(expression: str) -> list[Any]:
    return [node for node, _ in nodes(parsed(expression)) if isinstance(node, pp.VectorSelector)]


def matchers(selector: Any) -> dict[str, tuple[Any, str]]:
    """Return operator and value of each matcher by label."""
    return {matcher.name: (matcher.op, matcher.value) for matcher in selector.matchers.matchers}
