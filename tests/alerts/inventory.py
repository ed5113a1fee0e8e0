"""Which series an expression names, and which series exist."""

from __future__ import annotations

import promql_parser
from promql_parser import VectorSelector

from sla import catalogue, series
from sla.catalogue import Kind
from sla.objectives import Promise
from sla.promql import GIVEN

# Made by Prometheus itself.
BUILT_IN = {"up", "ALERTS", *GIVEN}


def named(expression: str) -> set[str]:
    names: set[str] = set()

    def note(node):
        if isinstance(node, VectorSelector):
            names.add(str(node.name))
        return True

    promql_parser.walk(promql_parser.parse(expression), note)
    return names


def existing(promise: Promise) -> set[str]:
    scraped = {
        metric.name + suffix
        for metric in catalogue.catalogue()
        for suffix in (("_bucket", "_count", "_sum") if metric.kind is Kind.HISTOGRAM else ("",))
    }
    recorded = {recording.name for recording in series.recorded(promise)}
    return BUILT_IN | scraped | recorded
