"""The composition root of the sidecar: its collectors, and the ways on which what they find goes out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family

from exporter.collectors import Collector, Runner, gauge_by
from exporter.collectors.breaker import BreakerCollector
from exporter.collectors.cache import CacheCollector
from exporter.collectors.database import DatabaseCollector
from exporter.collectors.metric_files import MetricFilesCollector
from exporter.collectors.pushes import Pushes
from exporter.collectors.workers import WorkersCollector
from exporter.exemplars import Exemplar, Exemplars, Place
from exporter.exposition import Templates
from exporter.settings import Settings
from sla import catalogue as c


class BuildCollector:
    """Which release is running."""

    name = "build"

    def collect(self) -> Iterator[Family]:
        yield gauge_by(c.BUILD_INFO, {version("slotwatch"): 1})


class Exposition:
    """All the sidecar publishes, written in the format that the scraper asks for."""

    def __init__(
        self, files: MetricFilesCollector, others: Sequence[Collector], exemplars: Exemplars | None = None
    ) -> None:
        self._files = files
        self._exemplars = exemplars or Exemplars()
        self._templates = [Templates() for _ in files.KINDS]
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(Runner((files, *others)))
        # The files are read in place, so one scrape at a time; a second scraper waits some milliseconds.
        self._one_at_a_time = threading.Lock()

    def write(self, accept: str) -> tuple[str, bytes]:
        """Return the content type and the text."""
        encode, content_type = choose_encoder(accept)
        knows_exemplars = content_type.startswith("application/openmetrics-text")
        exemplars: Mapping[Place, Exemplar] = self._exemplars.newest() if knows_exemplars else {}
        with self._one_at_a_time:
            # In this order: running the collectors reads the files.
            others = encode(self._registry)
            totals = [
                templates.write(each, encode=encode, content_type=content_type, exemplars=exemplars)
                for templates, each in zip(self._templates, self._files.totals, strict=False)
            ]
        return content_type, b"".join((*totals, others))


@dataclass(frozen=True, slots=True)
class Shared:
    """What is received and counted once, and told by every way out."""

    exemplars: Exemplars = field(default_factory=Exemplars)
    pushes: Pushes = field(default_factory=Pushes)


def collectors(settings: Settings, shared: Shared) -> tuple[MetricFilesCollector, Sequence[Collector]]:
    """Wire everything there is to read, with connections of its own."""
    files = settings.metrics_directory
    redis_url = settings.redis_url.get_secret_value()
    # Two ask Redis, one after the other: a Redis that hangs must cost the scrape no more than one that is asked once.
    redis_seconds = settings.query_seconds / 2
    others = (
        WorkersCollector(files),
        DatabaseCollector(settings.database_url.get_secret_value(), query_seconds=settings.query_seconds),
        CacheCollector(redis_url, query_seconds=redis_seconds),
        BreakerCollector(redis_url, query_seconds=redis_seconds),
        shared.exemplars,
        shared.pushes,
        BuildCollector(),
    )
    return MetricFilesCollector(files), others


def exposition(settings: Settings, shared: Shared) -> Exposition:
    """Wire what answers a scrape."""
    return Exposition(*collectors(settings, shared), shared.exemplars)


def pusher(settings: Settings, shared: Shared) -> AbstractContextManager[None]:
    """Wire what pushes for as long as its block lasts; without an endpoint, nothing does."""
    if settings.otlp_endpoint is None:
        return nullcontext()
    from exporter import otlp  # noqa: PLC0415 - off means not even imported

    push = otlp.Push(*collectors(settings, shared), shared.exemplars, endpoint=settings.otlp_endpoint)
    return otlp.Pusher(push, shared.pushes, seconds=settings.otlp_interval_milliseconds / 1000)
