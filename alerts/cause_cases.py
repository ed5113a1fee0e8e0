"""The cases of the cause alerts, computed from the promise so that they follow an edited threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alerts.cases import Case, Check, Firing, Phase, Proof, Series, case, counter, gauge, sample
from alerts.share_cases import Events
from sla import catalogue
from sla.limits import BreakerAlert, RateLimits
from sla.objectives import Timers
from sla.topology import BOOKING_JOB

_LONG = 2_000  # scrapes; longer than any case
_GOOD = 2  # scrapes before the circuit opens
_CIRCUIT = catalogue.BREAKER.values[0]
_CACHE = catalogue.CACHE.values[0]


@dataclass(frozen=True, slots=True)
class _Opening:
    """A circuit that opens at the very moment of a scrape: promtool's clock begins at 0, and so do these seconds."""

    limits: BreakerAlert
    step: int
    evaluation: float

    @property
    def at(self) -> int:
        return _GOOD * self.step

    @property
    def fires_at(self) -> float:
        """The first evaluation after more than `open_for`; at exactly that, the alert is silent."""
        return (math.floor((self.at + self.limits.open_for.seconds) / self.evaluation) + 1) * self.evaluation

    @property
    def scrapes(self) -> int:
        """How many scrapes see the circuit open, up to the one at which the alert fires."""
        return math.ceil((self.fires_at - self.at) / self.step) + 1

    def closed_after(self, scrapes: int) -> Series:
        return _opened(gauge((0, _GOOD), (self.at, scrapes), (0, _LONG)))

    def firing(self) -> Firing:
        seconds = f"{self.fires_at - self.at:.0f}"
        return Firing({"job": BOOKING_JOB, "name": _CIRCUIT}, {"name": _CIRCUIT, "seconds": seconds})


def circuit_breaker_open(limits: BreakerAlert, timers: Timers) -> tuple[Case, ...]:
    """Return the cases of the breaker's alert."""
    opening = _Opening(limits, int(timers.scrape_interval.seconds), timers.fast_evaluation_interval.seconds)
    return (
        _fires_after_more_than_the_limit(opening),
        _closed_in_time_is_silent(opening),
        *_closed_or_unknown_is_silent(opening),
        _resolves_when_kept_long_enough(opening),
    )


def _fires_after_more_than_the_limit(opening: _Opening) -> Case:
    return case(
        f"fires when open for more than {opening.limits.open_for}, and not one step earlier",
        Proof.FIRES,
        Proof.NOT_EARLY,
        series=(_opened(gauge((0, _GOOD), (opening.at, _LONG))),),
        checks=(Check(opening.fires_at - opening.evaluation), Check(opening.fires_at, (opening.firing(),))),
    )


def _closed_in_time_is_silent(opening: _Opening) -> Case:
    return case(
        "is silent when the circuit closes just before that",
        Proof.NOT_EARLY,
        series=(opening.closed_after(opening.scrapes - 1),),
        checks=(Check(opening.fires_at), Check(10 * opening.fires_at)),
    )


def _closed_or_unknown_is_silent(opening: _Opening) -> tuple[Case, Case]:
    checks = (Check(opening.fires_at), Check(10 * opening.fires_at))
    return (
        case(
            "is silent while the circuit is closed, however few call",
            Proof.LOW_TRAFFIC,
            series=(_opened(gauge((0, _LONG))),),
            checks=checks,
        ),
        case("is silent when Redis, and so the circuit, is unknown", Proof.NO_DATA, checks=checks),
    )


def _resolves_when_kept_long_enough(opening: _Opening) -> Case:
    last = (_GOOD + opening.scrapes - 1) * opening.step
    kept = opening.limits.keep_firing_for.seconds
    return case(
        f"is kept firing for {opening.limits.keep_firing_for} after the circuit closed, then resolves",
        Proof.RESOLVES,
        series=(opening.closed_after(opening.scrapes),),
        checks=(
            Check(last + kept, (Firing(opening.firing().labels),)),
            Check(last + opening.step + kept),
        ),
    )


def _opened(values: str) -> Series:
    return sample(catalogue.BREAKER_OPENED, values, job=BOOKING_JOB, name=_CIRCUIT)


def lookups() -> Events:
    """Return how questions to the cache look that find something or nothing; unanswered ones do not count."""

    def asked(result: str, values: str) -> Series:
        return sample(catalogue.CACHE_REQUESTS, values, job=BOOKING_JOB, cache=_CACHE, result=result)

    def series(phases: Sequence[Phase]) -> tuple[Series, ...]:
        return (
            asked(catalogue.CACHE_MISS, counter(*((phase.bad, phase.scrapes) for phase in phases))),
            asked(catalogue.CACHE_HIT, counter(*((phase.good, phase.scrapes) for phase in phases))),
        )

    unanswered = asked("error", counter((1_000, _LONG)))
    return Events("misses", series, {"job": BOOKING_JOB}, others=(unanswered,))


def busy(limits: RateLimits, timers: Timers) -> tuple[Case, ...]:
    """Return the cases of an alert on how fast a counter grows; it grows by whole seconds a scrape."""
    step, evaluation = int(timers.scrape_interval.seconds), timers.evaluation_interval.seconds
    window, held = limits.window.seconds, limits.for_.seconds
    labels = {"job": BOOKING_JOB, "slot": "http-0"}
    # rate() divides by its whole window, so it is as high as the part of the window that was busy.
    seen_at = (math.floor(limits.over * window / evaluation) + 1) * evaluation
    fires_at = seen_at + math.ceil(held / evaluation) * evaluation
    flat_out = _cpu((step, _LONG))
    words = Firing(labels, {"slot": "http-0", "share": "100%"})
    ends = math.ceil(fires_at / step)
    resolved = fires_at + window + limits.keep_firing_for.seconds + 2 * evaluation
    checks = (Check(fires_at), Check(10 * fires_at))
    return (
        case(
            f"fires when it has been busy for {limits.for_}, and not one step earlier",
            Proof.FIRES,
            Proof.NOT_EARLY,
            series=(flat_out,),
            checks=(Check(fires_at - evaluation), Check(fires_at, (words,))),
        ),
        case("is silent while it has some rest", Proof.LOW_TRAFFIC, series=(_cpu((step - 1, _LONG)),), checks=checks),
        case("is silent without a worker", Proof.NO_DATA, checks=checks),
        case(
            "resolves when it has rest again",
            Proof.RESOLVES,
            series=(_cpu((step, ends), (0, _LONG)),),
            checks=(Check(fires_at, (Firing(labels),)), Check(resolved)),
        ),
    )


def _cpu(*phases: tuple[int, int]) -> Series:
    return sample(catalogue.WORKER_CPU, counter(*phases), job=BOOKING_JOB, slot="http-0")
