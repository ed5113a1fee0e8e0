"""A store that keeps for years what Prometheus keeps for weeks: where Prometheus writes to, and how it is started.

Any that takes Prometheus's remote write will do (Mimir, Thanos, VictoriaMetrics); the tests use VictoriaMetrics.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alerts.outside import content
from sla.objectives import Promise

# The file in the directory of secrets that switches it on: the address may hold a password.
ADDRESS = "remote_write_url"


def remote_write(directory: Path) -> list[dict[str, Any]]:
    """Return Prometheus's `remote_write`; empty where the directory has no address. Raises SecretError."""
    secret = directory / ADDRESS
    return [{"url": content(secret)}] if secret.exists() else []


def victoria_metrics_flags(promise: Promise) -> list[str]:
    """Return the flags that VictoriaMetrics needs for us; its address and directory are the starter's."""
    timers = promise.timers
    return [f"-retentionPeriod={timers.history_retention}", f"-dedup.minScrapeInterval={timers.history_resolution}"]
