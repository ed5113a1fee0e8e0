"""Rule groups as the documents Prometheus loads."""

from __future__ import annotations

from typing import Any

from alerts.alert import Alert, Group, annotations_of, labels_of
from sla.objectives import Promise
from sla.recordings import Recording


def document(group: Group, promise: Promise) -> dict[str, Any]:
    """Return one group as a rule file."""
    rules = [*map(_recording, group.recordings), *(_alert(alert, promise) for alert in group.alerts)]
    return {"groups": [{"name": group.name, "interval": str(group.interval), "rules": rules}]}


def _recording(recording: Recording) -> dict[str, Any]:
    rule: dict[str, Any] = {"record": recording.name, "expr": recording.expression}
    return rule | ({"labels": dict(sorted(recording.labels))} if recording.labels else {})


def _alert(alert: Alert, promise: Promise) -> dict[str, Any]:
    # A timer of 0 is left out: `for: 0s` says nothing, and linters take it for a forgotten value.
    timers = {"for": alert.hold, "keep_firing_for": alert.keep_firing}
    return {
        "alert": alert.name,
        "expr": alert.expression,
        **{name: str(timer) for name, timer in timers.items() if timer and timer.seconds},
        "labels": labels_of(alert, promise),
        "annotations": annotations_of(alert, promise),
    }
