"""The cases of the symptom alerts, computed from the promise so that they follow an edited threshold.

Beside alerts/symptoms.py and not in it: conditions are read by people on call, samples by people who change rules.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from alerts.cases import Case, Check, Firing, Phase, Proof, Series, case, counter, gauge, sample, scrapes
from alerts.share_cases import LONG, Events
from sla import catalogue
from sla.catalogue import FAILED, FAILURE_REASONS, NO_REASON, REFUSAL_REASONS, REFUSED
from sla.limits import DownAlert, ProbeAlert
from sla.objectives import Timers
from sla.topology import BOOKING_JOB

PROBE_JOB = "probe"
_MANY = 1_000  # bookings per scrape; more than any alert needs


def attempts() -> Events:
    """Return how bookings look that fail or succeed; refused ones and a probe's do not count."""

    def series(phases: Sequence[Phase]) -> tuple[Series, ...]:
        failed = counter(*((phase.bad, phase.scrapes) for phase in phases))
        return _failed(failed), _confirmed(counter(*((phase.good, phase.scrapes) for phase in phases)))

    many = counter((_MANY, LONG))
    return Events(
        "failures",
        series,
        {"job": BOOKING_JOB},
        others=(
            _attempts(REFUSED, REFUSAL_REASONS[0], many),
            _attempts("confirmed", NO_REASON, many, traffic="synthetic"),
            _attempts(FAILED, FAILURE_REASONS[0], many, traffic="synthetic"),
        ),
    )


def _attempts(outcome: str, reason: str, values: str, *, traffic: str = "real") -> Series:
    labels = {"outcome": outcome, "reason": reason, "channel": "voice", "traffic": traffic}
    return sample(catalogue.ATTEMPTS, values, job=BOOKING_JOB, **labels)


def _failed(values: str) -> Series:
    return _attempts(FAILED, FAILURE_REASONS[0], values)


def _confirmed(values: str) -> Series:
    return _attempts("confirmed", NO_REASON, values)


def probe_failing(limits: ProbeAlert, timers: Timers) -> tuple[Case, ...]:
    """Return the cases of the probe's alert."""
    step, count = timers.scrape_interval.seconds, limits.consecutive_failures
    fires_at, kept = count * step, limits.keep_firing_for.seconds
    rising = tuple((failures, 1) for failures in range(count))
    firing = Firing({"job": PROBE_JOB, "probe": "light"}, {"failures": str(count), "probe": "light"})
    return (
        case(
            f"fires on failure {count} in a row, and not one step earlier",
            Proof.FIRES,
            Proof.NOT_EARLY,
            series=(_probe(gauge(*rising, (count, LONG))), _probe(gauge((0, LONG)), probe="full")),
            checks=(Check(fires_at - step), Check(fires_at, (firing,))),
        ),
        case(
            f"is silent when {count - 1} failures stay the last thing known",
            Proof.LOW_TRAFFIC,
            series=(_probe(gauge(*rising, (count - 1, LONG))),),
            checks=(Check(fires_at), Check(10 * fires_at)),
        ),
        case(
            "is silent without a probe",
            Proof.NO_DATA,
            checks=(Check(fires_at), Check(10 * fires_at)),
        ),
        case(
            f"is kept firing for {limits.keep_firing_for} after the first good run, then resolves",
            Proof.RESOLVES,
            series=(_probe(gauge(*rising, (count, 1), (0, LONG))),),
            checks=(
                Check(fires_at + kept, (Firing(firing.labels),)),
                Check(fires_at + step + kept),
            ),
        ),
    )


def _probe(values: str, *, probe: str = "light") -> Series:
    return sample(catalogue.PROBE_CONSECUTIVE_FAILURES, values, job=PROBE_JOB, probe=probe)


def service_down(limits: DownAlert, timers: Timers) -> tuple[Case, ...]:
    """Return the cases of every way to be down, and of the ways not to be."""
    step = timers.scrape_interval.seconds
    held = math.ceil(limits.for_.seconds / step)
    good = 3
    fires_at = (good + held) * step
    silent_then_firing = (Check(fires_at - step), Check(fires_at, (Firing({"job": BOOKING_JOB}),)))
    down = Firing({"job": BOOKING_JOB}, {"answering": "0", "targets": "1", "workers": "0"})
    return (
        case(
            f"fires when no scrape works for {limits.for_}, and not one step earlier",
            Proof.FIRES,
            Proof.NOT_EARLY,
            series=(scrapes(BOOKING_JOB, gauge((1, good), (0, LONG))), _workers(f"{gauge((2, good))} stale")),
            checks=(Check(fires_at - step), Check(fires_at, (down,))),
        ),
        case(
            "fires when the sidecar answers but no core worker lives",
            Proof.FIRES,
            series=(scrapes(BOOKING_JOB, gauge((1, LONG))), _workers(gauge((2, good), (0, LONG)))),
            checks=silent_then_firing,
        ),
        case(
            "stays one page when dead workers are followed by a dead sidecar",
            series=(
                scrapes(BOOKING_JOB, gauge((1, good + 1), (0, LONG))),
                _workers(f"{gauge((2, good), (0, 1))} stale"),
            ),
            checks=silent_then_firing,
        ),
        case(
            "fires when Prometheus knows no sidecar at all",
            Proof.NO_DATA,
            checks=(Check(held * step, (Firing({"job": BOOKING_JOB}),)),),
        ),
        case(
            "is silent while nobody books",
            Proof.LOW_TRAFFIC,
            series=(
                scrapes(BOOKING_JOB, gauge((1, LONG))),
                _workers(gauge((1, LONG))),
                _confirmed(counter((0, LONG))),
            ),
            checks=(Check(fires_at), Check(10 * fires_at)),
        ),
        case(
            f"is silent when scrapes are lost for less than {limits.for_}",
            Proof.NOT_EARLY,
            series=(
                scrapes(BOOKING_JOB, gauge((1, good), (0, held), (1, LONG))),
                _workers(gauge((2, LONG))),
            ),
            checks=(Check(fires_at), Check(fires_at + step)),
        ),
        case(
            "resolves with the first good scrape",
            Proof.RESOLVES,
            series=(
                scrapes(BOOKING_JOB, gauge((1, good), (0, held + 1), (1, LONG))),
                _workers(gauge((2, LONG))),
            ),
            checks=(Check(fires_at, (Firing({"job": BOOKING_JOB}),)), Check(fires_at + step)),
        ),
    )


def _workers(values: str) -> Series:
    return sample(catalogue.WORKERS_LIVE, values, job=BOOKING_JOB)
