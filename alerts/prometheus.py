"""Prometheus's own configuration and the start flags that follow from the promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sla.objectives import Promise
from sla.topology import JOBS, Place, Process


def document(
    place: Place, promise: Promise, *, rules: str, remote_write: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return prometheus.yml for a place; `rules` is a glob, relative to the configuration file or absolute."""
    timers = promise.timers
    return {
        "global": {
            "scrape_interval": str(timers.scrape_interval),
            "scrape_timeout": str(timers.scrape_timeout),
            "evaluation_interval": str(timers.evaluation_interval),
        },
        "rule_files": [rules],
        "alerting": {"alertmanagers": [_targets(place, Process.ALERTMANAGER)]},
        "scrape_configs": [{"job_name": job, **_targets(place, process)} for job, process in JOBS.items()],
        **({"remote_write": list(remote_write)} if remote_write else {}),
    }


def _targets(place: Place, process: Process) -> dict[str, Any]:
    return {"static_configs": [{"targets": [place.address(process)]}]}


def prometheus_flags(promise: Promise) -> list[str]:
    """Return the flags every start of Prometheus needs; addresses and directories are the starter's."""
    timers = promise.timers
    return [
        f"--storage.tsdb.retention.time={timers.retention}",
        # A lost first notification is repeated after this long, and an alert of a dead Prometheus expires after four.
        f"--rules.alert.resend-delay={timers.resend_delay}",
        # Off by default up to the newest of them; without it the traces behind latencies are dropped.
        "--enable-feature=exemplar-storage",
    ]
