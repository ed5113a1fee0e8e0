"""The composition root of the sidecar: its collectors, and the small server in front of them."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family

from exporter.collectors import Runner, gauge_by
from exporter.collectors.breaker import BreakerCollector
from exporter.collectors.cache import CacheCollector
from exporter.collectors.database import DatabaseCollector
from exporter.collectors.metric_files import MetricFilesCollector
from exporter.collectors.workers import WorkersCollector
from exporter.settings import Settings
from sla import catalogue as c

_log = structlog.get_logger()


class BuildCollector:
    """Which release is running."""

    name = "build"

    def collect(self) -> Iterator[Family]:
        yield gauge_by(c.BUILD_INFO, {version("slotwatch"): 1})


def registry(settings: Settings) -> CollectorRegistry:
    """Return everything a scrape reads."""
    files = settings.metrics_directory
    redis_url = settings.redis_url.get_secret_value()
    # Two ask Redis, one after the other: a Redis that hangs must cost the scrape no more than one that is asked once.
    redis_seconds = settings.query_seconds / 2
    collectors = (
        MetricFilesCollector(files),
        WorkersCollector(files),
        DatabaseCollector(settings.database_url.get_secret_value(), query_seconds=settings.query_seconds),
        CacheCollector(redis_url, query_seconds=redis_seconds),
        BreakerCollector(redis_url, query_seconds=redis_seconds),
        BuildCollector(),
    )
    metrics = CollectorRegistry(auto_describe=False)
    metrics.register(Runner(collectors))
    return metrics


def server(metrics: CollectorRegistry, *, host: str, port: int) -> ThreadingHTTPServer:
    """Bind the server; `/metrics` in the format the scraper asks for, `/livez` for whoever starts us."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                    self._answer(200, content_type, encode(metrics))
                case "/livez":
                    self._answer(200, "text/plain", b"ok\n")
                case _:
                    self._answer(404, "text/plain", b"There is /metrics and /livez.\n")

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """A scrape every five seconds is no news."""
            _log.debug("scraped", line=format % args)

    return ThreadingHTTPServer((host, port), Handler)
