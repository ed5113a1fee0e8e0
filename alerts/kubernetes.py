"""The same rules and targets as resources of prometheus-operator, for those who run everything in Kubernetes.

Apart from alerts/prometheus.py because there the operator writes Prometheus's configuration, and we only say what is
to be in it. Grafana's part, the dashboards as ConfigMaps, is written by the dashboards package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts import rules
from alerts.alert import Group
from sla.objectives import Promise
from sla.topology import BOOKING_JOB, JOBS, KUBERNETES, Process

# What must stand on the pods of the booking core, whose sidecar the exporter is.
POD_LABELS = {"app.kubernetes.io/name": "slotwatch", "app.kubernetes.io/component": "core"}


def resources(groups: Sequence[Group], promise: Promise) -> dict[str, dict[str, Any]]:
    """Return every resource by the name of its file."""
    scraped = {job: process for job, process in JOBS.items() if job != BOOKING_JOB}
    return {
        "prometheusrule": _rules(groups, promise),
        "podmonitor": _exporter(promise),
        **{f"scrapeconfig-{job}": _target(job, process, promise) for job, process in scraped.items()},
    }


def _resource(version: str, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": "slotwatch", "app.kubernetes.io/component": "monitoring"}
    return {
        "apiVersion": f"monitoring.coreos.com/{version}",
        "kind": kind,
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
    }


def _rules(groups: Sequence[Group], promise: Promise) -> dict[str, Any]:
    documents = (rules.document(group, promise) for group in groups)
    return _resource(
        "v1", "PrometheusRule", "slotwatch", {"groups": [group for one in documents for group in one["groups"]]}
    )


def _exporter(promise: Promise) -> dict[str, Any]:
    timers = promise.timers
    endpoint = {
        # By number: so no name has to be agreed upon with whoever writes the pods.
        "portNumber": KUBERNETES.port(Process.EXPORTER),
        "path": "/metrics",
        "interval": str(timers.scrape_interval),
        "scrapeTimeout": str(timers.scrape_timeout),
        # Else the operator calls the job after the namespace and the monitor, and no rule would know it.
        "relabelings": [{"targetLabel": "job", "replacement": BOOKING_JOB}],
    }
    spec = {"selector": {"matchLabels": POD_LABELS}, "podMetricsEndpoints": [endpoint]}
    return _resource("v1", "PodMonitor", f"slotwatch-{BOOKING_JOB}", spec)


def _target(job: str, process: Process, promise: Promise) -> dict[str, Any]:
    timers = promise.timers
    spec = {
        "staticConfigs": [{"targets": [KUBERNETES.address(process)]}],
        "scrapeInterval": str(timers.scrape_interval),
        "scrapeTimeout": str(timers.scrape_timeout),
        "relabelings": [{"targetLabel": "job", "replacement": job}],
    }
    return _resource("v1alpha1", "ScrapeConfig", f"slotwatch-{job}", spec)
