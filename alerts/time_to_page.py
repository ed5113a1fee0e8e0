"""How long a total failure may stay unknown to the person on call, stage by stage, in the worst case.

Pure arithmetic over the promise, so that an edited timer which breaks `time_to_page` is refused before it is deployed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from alerts.alert import Alert, Severity
from sla.objectives import Promise

# From Alertmanager's flush to the receiver's answer: one local HTTP request took milliseconds; 2 s allow for a retry.
SEND_SECONDS = 2.0


def stages(alert: Alert, promise: Promise) -> Mapping[str, float]:
    """Return the worst case of every stage in seconds, in the order they pass."""
    timers = promise.timers
    evaluation = timers.fast_evaluation_interval.seconds
    held = alert.hold.seconds if alert.hold else 0.0
    return {
        "evidence": alert.evidence_seconds or 0.0,
        "scrape_timeout": timers.scrape_timeout.seconds,
        "scrape_interval": timers.scrape_interval.seconds,
        "fast_evaluation_interval": evaluation,
        # Prometheus looks at `for` only when it evaluates.
        "for": math.ceil(held / evaluation) * evaluation,
        "group_wait": timers.routes.pager.group_wait.seconds,
        "send": SEND_SECONDS,
    }


def worst_case_seconds(alert: Alert, promise: Promise) -> float:
    """Return the sum of all stages."""
    return sum(stages(alert, promise).values())


def problems(alerts: Iterable[Alert], promise: Promise) -> Iterator[str]:
    """Yield a sentence for every paging alert that could not keep `time_to_page`."""
    for alert in alerts:
        seconds = worst_case_seconds(alert, promise)
        promised = alert.severity is Severity.CRITICAL and alert.evidence_seconds is not None
        if promised and seconds >= promise.time_to_page.seconds:
            parts = ", ".join(f"{name} {length:g}" for name, length in stages(alert, promise).items() if length)
            yield (
                f"{alert.name} pages after {seconds:g} s in the worst case ({parts}), which is not under time_to_page "
                f"{promise.time_to_page}; shorten one of these in sla/sla.yaml"
            )
