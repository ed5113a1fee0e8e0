"""The cases of the symptom alerts, computed from the promise so that they follow an edited threshold.

Beside alerts/symptoms.py and not in it: conditions are read by people on call, samples by people who change rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from alerts import wording
from alerts.cases import Case, Check, Firing, Proof, Series, case, counter, gauge, parts, sample, scrapes
from sla import catalogue
from sla.catalogue import FAILED, FAILURE_REASONS, NO_REASON, REFUSAL_REASONS, REFUSED
from sla.objectives import DownAlert, ProbeAlert, SuccessRateAlert, Timers
from sla.topology import BOOKING_JOB

PROBE_JOB = "probe"
_LONG = 2_000  # scrapes; longer than any case
_MANY = 1_000  # bookings per scrape; more than any alert needs


def success_rate(limits: SuccessRateAlert, timers: Timers, share: Fraction) -> tuple[Case, ...]:
    """Return the cases of one severity; `share` of the bookings fails where it must fire."""
    outage = _Outage.of(limits, timers, share)
    return (
        _fires_on_the_last_failure_needed(outage),
        _at_the_ratio_is_silent(outage),
        _few_failures_are_silent(outage),
        _refused_and_synthetic_are_silent(outage),
        _no_sample_is_silent(outage),
        _resolves_when_kept_long_enough(outage),
    )


@dataclass(frozen=True, slots=True)
class _Outage:
    """So many bad and good bookings per scrape, and when that is evidence enough."""

    limits: SuccessRateAlert
    step: float
    evaluation: float
    bad: int
    good: int
    # Scrapes until the failures are enough, and until the alert fires.
    enough: int
    fires: int

    @classmethod
    def of(cls, limits: SuccessRateAlert, timers: Timers, share: Fraction) -> _Outage:
        step, evaluation = timers.scrape_interval.seconds, timers.fast_evaluation_interval.seconds
        bad, good = parts(share)
        # As many at a time as it takes to see enough failures in half a window.
        times = math.ceil(limits.failures / (bad * (limits.window.seconds / step / 2)))
        bad, good = bad * times, good * times
        enough = math.ceil(limits.failures / bad)
        return cls(limits, step, evaluation, bad, good, enough, fires=enough + math.ceil(limits.for_.seconds / step))

    @property
    def fires_at(self) -> float:
        return self.fires * self.step

    @property
    def window_scrapes(self) -> int:
        return int(self.limits.window.seconds / self.step)

    def firing(self, scrapes_in_window: int) -> Firing:
        return Firing(
            {"job": BOOKING_JOB},
            {
                "failed": str(self.bad * scrapes_in_window),
                "attempts": str((self.bad + self.good) * scrapes_in_window),
                "share": wording.share(self.bad / (self.bad + self.good)),
            },
        )


def _attempts(outcome: str, reason: str, values: str, *, traffic: str = "real") -> Series:
    labels = {"outcome": outcome, "reason": reason, "channel": "voice", "traffic": traffic}
    return sample(catalogue.ATTEMPTS, values, job=BOOKING_JOB, **labels)


def _failed(values: str) -> Series:
    return _attempts(FAILED, FAILURE_REASONS[0], values)


def _confirmed(values: str) -> Series:
    return _attempts("confirmed", NO_REASON, values)


def _fires_on_the_last_failure_needed(outage: _Outage) -> Case:
    seen = min(outage.fires, outage.window_scrapes)
    return case(
        f"fires when {outage.limits.failures} failures are seen, and not one step earlier",
        Proof.FIRES,
        Proof.NOT_EARLY,
        series=(
            _failed(counter((outage.bad, _LONG))),
            _confirmed(counter((outage.good, _LONG))),
            # However many there are of these, they dilute nothing.
            _attempts(REFUSED, REFUSAL_REASONS[0], counter((_MANY, _LONG))),
            _attempts("confirmed", NO_REASON, counter((_MANY, _LONG)), traffic="synthetic"),
        ),
        checks=(
            Check(outage.fires_at - outage.evaluation),
            Check(outage.fires_at, (outage.firing(seen),)),
        ),
    )


def _at_the_ratio_is_silent(outage: _Outage) -> Case:
    bad, good = parts(Fraction(outage.limits.failed_ratio))
    times = outage.bad
    return case(
        f"is silent when exactly {wording.share(float(outage.limits.failed_ratio))} of many bookings fail",
        series=(_failed(counter((bad * times, _LONG))), _confirmed(counter((good * times, _LONG)))),
        checks=(Check(outage.fires_at), Check(outage.fires_at + outage.limits.window.seconds)),
    )


def _few_failures_are_silent(outage: _Outage) -> Case:
    few = outage.limits.failures - 1
    # Spread over the window, else the few failures of the wider window would be a page for the narrower one.
    apart = max(1, outage.window_scrapes // outage.limits.failures)
    last_at = few * apart * outage.step + outage.limits.for_.seconds
    return case(
        f"is silent when all of {few} bookings fail",
        Proof.LOW_TRAFFIC,
        series=(_failed(counter(*((0, apart - 1), (1, 1)) * few, (0, _LONG))), _confirmed(counter((0, _LONG)))),
        checks=(Check(last_at), Check(last_at + outage.step)),
    )


def _refused_and_synthetic_are_silent(outage: _Outage) -> Case:
    growing = counter((_MANY, _LONG))
    return case(
        "is silent about refused bookings and about the probe's own",
        series=(
            _attempts(REFUSED, REFUSAL_REASONS[0], growing),
            _attempts(FAILED, FAILURE_REASONS[0], growing, traffic="synthetic"),
            _failed(counter((0, _LONG))),
            _confirmed(counter((1, _LONG))),
        ),
        checks=(Check(outage.fires_at), Check(outage.fires_at + outage.limits.window.seconds)),
    )


def _no_sample_is_silent(outage: _Outage) -> Case:
    return case(
        "is silent without any sample: that is for BookingServiceDown to say",
        Proof.NO_DATA,
        checks=(Check(outage.fires_at), Check(outage.fires_at + outage.limits.window.seconds)),
    )


def _resolves_when_kept_long_enough(outage: _Outage) -> Case:
    # As the window slides, the last moment with evidence enough is this many scrapes after it began to be full.
    last = outage.window_scrapes + outage.fires - outage.enough
    kept_until = last * outage.step + outage.limits.keep_firing_for.seconds
    return case(
        f"is kept firing for {outage.limits.keep_firing_for} after the failures left the window, then resolves",
        Proof.RESOLVES,
        series=(
            _failed(counter((outage.bad, outage.fires), (0, _LONG))),
            _confirmed(counter((outage.good, outage.fires), (0, _LONG))),
        ),
        checks=(
            Check(outage.fires_at, (Firing({"job": BOOKING_JOB}),)),
            Check(kept_until - outage.step, (Firing({"job": BOOKING_JOB}),)),
            Check(kept_until + 2 * outage.step),
        ),
    )


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
            series=(_probe(gauge(*rising, (count, _LONG))), _probe(gauge((0, _LONG)), probe="full")),
            checks=(Check(fires_at - step), Check(fires_at, (firing,))),
        ),
        case(
            f"is silent when {count - 1} failures stay the last thing known",
            Proof.LOW_TRAFFIC,
            series=(_probe(gauge(*rising, (count - 1, _LONG))),),
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
            series=(_probe(gauge(*rising, (count, 1), (0, _LONG))),),
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
            series=(scrapes(BOOKING_JOB, gauge((1, good), (0, _LONG))), _workers(f"{gauge((2, good))} stale")),
            checks=(Check(fires_at - step), Check(fires_at, (down,))),
        ),
        case(
            "fires when the sidecar answers but no core worker lives",
            Proof.FIRES,
            series=(scrapes(BOOKING_JOB, gauge((1, _LONG))), _workers(gauge((2, good), (0, _LONG)))),
            checks=silent_then_firing,
        ),
        case(
            "stays one page when dead workers are followed by a dead sidecar",
            series=(
                scrapes(BOOKING_JOB, gauge((1, good + 1), (0, _LONG))),
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
                scrapes(BOOKING_JOB, gauge((1, _LONG))),
                _workers(gauge((1, _LONG))),
                _confirmed(counter((0, _LONG))),
            ),
            checks=(Check(fires_at), Check(10 * fires_at)),
        ),
        case(
            f"is silent when scrapes are lost for less than {limits.for_}",
            Proof.NOT_EARLY,
            series=(
                scrapes(BOOKING_JOB, gauge((1, good), (0, held), (1, _LONG))),
                _workers(gauge((2, _LONG))),
            ),
            checks=(Check(fires_at), Check(fires_at + step)),
        ),
        case(
            "resolves with the first good scrape",
            Proof.RESOLVES,
            series=(
                scrapes(BOOKING_JOB, gauge((1, good), (0, held + 1), (1, _LONG))),
                _workers(gauge((2, _LONG))),
            ),
            checks=(Check(fires_at, (Firing({"job": BOOKING_JOB}),)), Check(fires_at + step)),
        ),
    )


def _workers(values: str) -> Series:
    return sample(catalogue.WORKERS_LIVE, values, job=BOOKING_JOB)
