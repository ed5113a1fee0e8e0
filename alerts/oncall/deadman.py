"""Notices when the Watchdog is no longer heard: then the way from rule to on-call is broken and nobody would say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alerts.oncall.notification import NotifiedAlert
from sla.objectives import Promise

NAME = "DeadMan"
_NEVER = datetime.min.replace(tzinfo=UTC)


class DeadMan:
    """Measures the Watchdog's silence. A start counts as a sign of life: the chain needs time to come up."""

    def __init__(self, promise: Promise, *, runbook_url: str, now: datetime) -> None:
        self._promise = promise
        self._runbook_url = runbook_url
        self._limit = timedelta(seconds=promise.timers.deadman_silence.seconds)
        self._silent_since = now
        self._alert: NotifiedAlert | None = None
        self.last_heard: datetime | None = None

    def hear(self, now: datetime) -> None:
        self.last_heard = self._silent_since = now

    def resume(self, alert: NotifiedAlert) -> None:
        """Go on being silent after a restart: only the Watchdog ends what its silence began."""
        self._alert = alert
        self._silent_since = alert.starts_at - self._limit

    def change(self, now: datetime) -> NotifiedAlert | None:
        """Return the dead-man's own alert when it begins or ends, else None."""
        is_too_long = now - self._silent_since >= self._limit
        if is_too_long and self._alert is None:
            self._alert = self._firing(self._silent_since + self._limit)
            return self._alert
        if not is_too_long and self._alert is not None:
            resolved = self._alert.model_copy(update={"status": "resolved", "ends_at": now})
            self._alert = None
            return resolved
        return None

    def _firing(self, since: datetime) -> NotifiedAlert:
        return NotifiedAlert(
            status="firing",
            fingerprint="deadman",
            starts_at=since,
            ends_at=_NEVER,
            labels={
                "alertname": NAME,
                "category": "meta",
                "component": "monitoring",
                "service": self._promise.service,
                "severity": "critical",
                "team": self._promise.team,
            },
            annotations={
                "summary": "Monitoring is silent: no other page can be trusted to arrive",
                "description": f"The Watchdog was not heard since {self._silent_since:%H:%M:%S} UTC; "
                f"it pages after {self._promise.timers.deadman_silence}.",
                "impact": "An outage of the booking service would go unnoticed.",
                "runbook_url": self._runbook_url,
            },
        )
