"""Metric files as workers write them: by the client library itself, under whatever slot a test wants."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import prometheus_client.values
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from exporter.app import Exposition
from exporter.collectors.metric_files import MetricFilesCollector


@contextmanager
def writing(directory: Path, slot: str) -> Iterator[CollectorRegistry]:
    """Send the metrics made inside, with the registry given, into this slot's files."""
    before, variable = prometheus_client.values.ValueClass, os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    value_class = prometheus_client.values.MultiProcessValue(lambda: slot)
    prometheus_client.values.ValueClass = prometheus_client.metrics.values.ValueClass = value_class
    try:
        yield CollectorRegistry()
    finally:
        value_class.close_all_files()
        prometheus_client.values.ValueClass = before
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]
        if variable is not None:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = variable


def stock(directory: Path) -> list[str]:
    """Return the lines that the client library's own collector makes of the directory, in a stable order."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(directory))
    return sorted(generate_latest(registry).decode().splitlines())


def ours(collector: MetricFilesCollector, accept: str = "") -> list[str]:
    """Return our lines, without those about the reading itself."""
    _, text = Exposition(collector, ()).write(accept)
    return sorted(line for line in text.decode().splitlines() if "exporter_" not in line)


def samples(collector: MetricFilesCollector) -> Mapping[str, float]:
    """Return every sample we serve, by its name and labels as written."""
    _, text = Exposition(collector, ()).write("")
    lines = (line.rpartition(" ") for line in text.decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}
