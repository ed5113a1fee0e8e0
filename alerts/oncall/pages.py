"""The pages: one per occurrence of an alert, however often Alertmanager repeats it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from alerts.oncall.notification import NotifiedAlert

KEPT = 500  # pages in memory; all of them are in the audit log


@dataclass(frozen=True, slots=True)
class Page:
    """What the person on call was told, and how long it took to tell them."""

    alertname: str
    severity: str
    status: str
    fingerprint: str
    starts_at: datetime
    received_at: datetime
    delivery_seconds: float
    summary: str
    description: str
    impact: str
    runbook_url: str
    dashboard_url: str
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    def as_json(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {name: _moment(value) if isinstance(value, datetime) else value for name, value in fields.items()}


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


class PageBook:
    """Every page, open or resolved; hearing of the same occurrence twice changes nothing."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, datetime], Page] = {}

    def take(self, alert: NotifiedAlert, received_at: datetime) -> Page | None:
        """Enter what is new; return the page that was opened or resolved by it, None for a repetition."""
        key = (alert.fingerprint, alert.starts_at)
        known = self._pages.get(key)
        if known is not None and (alert.status == known.status or not known.is_open):
            return None
        page = known or _page(alert, received_at)
        if alert.status == "resolved":
            page = replace(page, status="resolved", resolved_at=alert.ends_at)
        self._pages[key] = page
        self._forget_oldest()
        return page

    def newest_first(self) -> list[Page]:
        return sorted(self._pages.values(), key=lambda page: page.received_at, reverse=True)

    def _forget_oldest(self) -> None:
        if len(self._pages) > KEPT:
            resolved = (key for key, page in self._pages.items() if not page.is_open)
            del self._pages[next(resolved, next(iter(self._pages)))]


def _page(alert: NotifiedAlert, received_at: datetime) -> Page:
    words = alert.annotations
    return Page(
        alertname=alert.name,
        severity=alert.severity,
        status="firing",
        fingerprint=alert.fingerprint,
        starts_at=alert.starts_at,
        received_at=received_at,
        # Two clocks may disagree by milliseconds; nothing arrives before it began.
        delivery_seconds=max(0.0, (received_at - alert.starts_at).total_seconds()),
        summary=words.get("summary", ""),
        description=words.get("description", ""),
        impact=words.get("impact", ""),
        runbook_url=words.get("runbook_url", ""),
        dashboard_url=words.get("dashboard_url", ""),
    )
