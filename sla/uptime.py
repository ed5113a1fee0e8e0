"""Uptime as recorded series: which minutes were good, of those in which anybody tried anything.

Callers and probes count alike here, unlike in every other promise: at night only the probe can tell whether the service
could have been used. A minute in which nobody tried, or nobody looked, is neither good nor bad.
"""

from __future__ import annotations

from sla import catalogue as c
from sla import promql
from sla.objectives import Promise, UptimeObjective
from sla.quantities import Duration
from sla.recordings import Recording, objective

SLICE = Duration.parse("1m")
_HOUR = Duration.parse("1h")
_SLO = "uptime"

VALID = "slo:valid_slice:bool1m"
GOOD = "slo:good_slice:bool1m"


def slices(promise: Promise) -> tuple[Recording, ...]:
    """Return the series of single minutes and of whole hours; recorded once a minute."""
    return (
        valid(),
        good(promise.objectives.uptime),
        Recording(_hourly(VALID), f"sum_over_time({VALID}[{_HOUR}])"),
        Recording(_hourly(GOOD), f"sum_over_time({GOOD}[{_HOUR}])"),
    )


def valid() -> Recording:
    """1 for a minute in which anybody tried anything, else 0."""
    return Recording(VALID, f"{_tried()} > bool 0")


def good(objective: UptimeObjective) -> Recording:
    """1 for a good minute, 0 for a bad one, nothing for one in which nothing was tried."""
    return Recording(GOOD, f"{_failed()} <= bool {objective.failed_ratio} * ({_tried()} > 0)")


def month(promise: Promise) -> tuple[Recording, ...]:
    """Return the target and what was kept of it in its whole window."""
    return (objective(_SLO, promise.objectives.uptime.target), kept(promise))


def kept(promise: Promise) -> Recording:
    """The good share of the minutes that count, over the objective's window."""
    window = promise.objectives.uptime.window
    good_, valid_ = (promql.summed(_hourly(name), window, step=_HOUR) for name in (GOOD, VALID))
    return Recording(f"slo:uptime:ratio{window}", promql.ratio(good_, valid_))


def _hourly(name: str) -> str:
    return f"{name.removesuffix('bool1m')}sum{_HOUR}"


def _tried() -> str:
    attempts = promql.increase(c.ATTEMPTS, str(SLICE), outcome=promql.Not(c.REFUSED))
    return f"({promql.sum_by(attempts)} + {promql.sum_by(promql.increase(c.PROBE_CHECKS, str(SLICE)))})"


def _failed() -> str:
    failures = promql.increase(c.ATTEMPTS, str(SLICE), outcome=c.FAILED)
    checks = promql.increase(c.PROBE_CHECKS, str(SLICE), result="failed")
    return f"({promql.sum_by(failures)} + {promql.sum_by(checks)})"
