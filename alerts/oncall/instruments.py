"""The receiver's own metrics, made from the catalogue in a registry of their own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder

from alerts.oncall import deadman
from alerts.oncall.pages import Page
from sla import catalogue


class Instruments:
    """Every metric that the catalogue places in the on-call receiver."""

    def __init__(self, *, expected: Iterable[tuple[str, str]] = ()) -> None:
        """Begin at 0 for each expected (alertname, severity): the first page must be an increase, not a new series."""
        # `_created` series double the output and nothing reads them.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        delivery, pages, heard = catalogue.ALERT_DELIVERY, catalogue.PAGES, catalogue.DEADMAN_LAST_SEEN
        self._delivery = Histogram(delivery.name, delivery.help, buckets=delivery.buckets, registry=self._registry)
        self._pages = Counter(pages.name, pages.help, pages.label_names, registry=self._registry)
        self._heard = Gauge(heard.name, heard.help, registry=self._registry)
        for alertname, severity in expected:
            self._pages.labels(alertname, severity)

    def count(self, page: Page) -> None:
        """Count a page once; the dead-man's own was delivered by nobody, so it has no delivery time."""
        severity = page.severity if page.severity in catalogue.SEVERITY.values else "none"
        self._pages.labels(page.alertname, severity).inc()
        if page.alertname != deadman.NAME:
            self._delivery.observe(page.delivery_seconds)

    def time(self, seconds: float) -> None:
        """Observe how late the canary came."""
        self._delivery.observe(seconds)

    def hear(self, now: datetime) -> None:
        self._heard.set(now.timestamp())

    def text(self, accept: str) -> tuple[bytes, str]:
        """Return the exposition and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
