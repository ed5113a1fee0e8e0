"""The alerts' cases as promtool test files, one per alert name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alerts.alert import Alert, Group, annotations_of, labels_of
from alerts.cases import Case, Check, Firing
from sla.objectives import Promise


def document(alertname: str, group: Group, promise: Promise) -> dict[str, Any]:
    """Return the test file of every alert called so in the group, against the group's own rule file."""
    alerts = [alert for alert in group.alerts if alert.name == alertname]
    return {
        "rule_files": [f"../rules/{name}.yaml" for name in (group.reads, group.name) if name],
        "evaluation_interval": str(group.interval),
        "tests": [_test(alert, case, promise) for alert in alerts for case in alert.cases],
    }


def _test(alert: Alert, case: Case, promise: Promise) -> dict[str, Any]:
    worded = list(_worded(alert, case, promise))
    return {
        "name": f"{alert.name} ({alert.severity}) {case.title}",
        "interval": str(case.interval or promise.timers.scrape_interval),
        "input_series": [{"series": series.selector, "values": series.values} for series in case.series],
        "promql_expr_test": [_state(alert, check, promise) for check in case.checks],
        **({"alert_rule_test": worded} if worded else {}),
    }


def _state(alert: Alert, check: Check, promise: Promise) -> dict[str, Any]:
    """Ask ALERTS for this very alert: the same name at another severity may be firing as well, rightly."""
    wanted = {"alertname": alert.name, "alertstate": "firing", "severity": alert.severity.value, **alert.marks}
    selector = "ALERTS{" + ",".join(f'{name}="{value}"' for name, value in wanted.items()) + "}"
    return {
        "expr": selector,
        "eval_time": _moment(check),
        "exp_samples": [{"labels": _series(alert, firing, promise), "value": 1} for firing in check.firing],
    }


def _series(alert: Alert, firing: Firing, promise: Promise) -> str:
    every = {"alertname": alert.name, "alertstate": "firing", **labels_of(alert, promise), **firing.labels}
    return "ALERTS{" + ",".join(f'{name}="{value}"' for name, value in sorted(every.items())) + "}"


def _worded(alert: Alert, case: Case, promise: Promise) -> Iterator[dict[str, Any]]:
    for check in case.checks:
        expected = [_expected(alert, firing, promise) for firing in check.firing if firing.facts is not None]
        if expected:
            yield {"eval_time": _moment(check), "alertname": alert.name, "exp_alerts": expected}


def _expected(alert: Alert, firing: Firing, promise: Promise) -> dict[str, Any]:
    return {
        "exp_labels": labels_of(alert, promise) | dict(sorted(firing.labels.items())),
        "exp_annotations": annotations_of(alert, promise, firing.facts),
    }


def _moment(check: Check) -> str:
    return f"{check.at_seconds * 1000:.0f}ms"
