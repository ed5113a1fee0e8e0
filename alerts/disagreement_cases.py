"""The cases of the alerts on what does not agree with Cal.com, computed from the promise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from alerts.cases import Case, Check, Firing, Proof, Series, case, counter, gauge, sample
from sla import catalogue
from sla.catalogue import FAILURE_REASONS, NO_REASON
from sla.limits import OrphanLimits, SpikeLimits
from sla.objectives import Timers
from sla.topology import BOOKING_JOB

_LONG = 5_000  # scrapes; longer than any case
_THERE, _HERE = catalogue.ORPHANS.label("kind").values


@dataclass(frozen=True, slots=True)
class _Day:
    """So many bookings of which one orphan is exactly the share that is allowed; orphans appear at `begins`."""

    limits: OrphanLimits
    step: int
    evaluation: int

    @property
    def bookings(self) -> int:
        return Fraction(self.limits.ratio).denominator

    @property
    def allowed(self) -> int:
        return Fraction(self.limits.ratio).numerator

    @property
    def begins(self) -> int:
        return self.evaluation

    @property
    def fires_at(self) -> int:
        return self.begins + math.ceil(self.limits.for_.seconds / self.evaluation) * self.evaluation

    def orphans(self, number: int, *, scrapes: int = _LONG) -> Series:
        values = gauge((0, self.begins // self.step), (number, scrapes), (0, _LONG))
        return sample(catalogue.ORPHANS, values, job=BOOKING_JOB, kind=_THERE)

    def made(self, number: int) -> Series:
        labels = {"outcome": "confirmed", "reason": NO_REASON, "channel": "voice", "traffic": "real"}
        return sample(catalogue.ATTEMPTS, counter((number, 1), (0, _LONG)), job=BOOKING_JOB, **labels)

    def firing(self, number: int) -> Firing:
        return Firing({"job": BOOKING_JOB}, {"orphans": str(number), "bookings": str(self.bookings)})


def orphaned_bookings(limits: OrphanLimits, timers: Timers) -> tuple[Case, ...]:
    """Return the cases of the alert on orphans."""
    day = _Day(limits, int(timers.scrape_interval.seconds), int(timers.evaluation_interval.seconds))
    too_many, late = day.allowed + 1, 2 * day.fires_at
    none = sample(catalogue.ORPHANS, gauge((0, _LONG)), job=BOOKING_JOB, kind=_HERE)
    return (
        case(
            f"fires when more than the allowed share is orphaned for {limits.for_}, and not one step earlier",
            Proof.FIRES,
            Proof.NOT_EARLY,
            series=(day.made(day.bookings), day.orphans(too_many), none),
            checks=(Check(day.fires_at - day.evaluation), Check(day.fires_at, (day.firing(too_many),))),
        ),
        case(
            "is silent at exactly the allowed share",
            series=(day.made(day.bookings), day.orphans(day.allowed)),
            checks=(Check(day.fires_at), Check(late)),
        ),
        case(
            "fires for a single orphan on a day without bookings",
            series=(day.made(0), day.orphans(1)),
            checks=(Check(day.fires_at, (Firing({"job": BOOKING_JOB}),)),),
        ),
        case(
            "is silent without orphans, however few book",
            Proof.LOW_TRAFFIC,
            series=(day.made(1), none),
            checks=(Check(day.fires_at), Check(late)),
        ),
        case("is silent when nobody counts", Proof.NO_DATA, checks=(Check(day.fires_at), Check(late))),
        _orphans_resolve(day, too_many),
    )


def _orphans_resolve(day: _Day, too_many: int) -> Case:
    kept = day.limits.keep_firing_for.seconds
    seen = (day.fires_at - day.begins) // day.step + 1
    return case(
        f"is kept firing for {day.limits.keep_firing_for} after they were put right, then resolves",
        Proof.RESOLVES,
        series=(day.made(day.bookings), day.orphans(too_many, scrapes=seen)),
        checks=(
            Check(day.fires_at + kept, (Firing({"job": BOOKING_JOB}),)),
            Check(day.fires_at + day.evaluation + kept),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Burst:
    """Nothing fails for as long as the rule looks back; then one try per scrape."""

    limits: SpikeLimits
    step: int
    evaluation: int

    @property
    def quiet(self) -> int:
        return int((self.limits.usual.seconds + self.limits.window.seconds) / self.step)

    @property
    def begins(self) -> int:
        return self.quiet * self.step

    def evaluated(self, scrapes: int) -> int:
        """Return the first evaluation that sees so many scrapes of the burst."""
        return math.ceil((self.begins + scrapes * self.step) / self.evaluation) * self.evaluation

    def failing(self, times: int) -> Series:
        return _failed(counter((0, self.quiet), (1, times), (0, _LONG)))


def sync_failure_spike(limits: SpikeLimits, timers: Timers) -> tuple[Case, ...]:
    """Return the cases of the alert on tries that suddenly fail."""
    burst = _Burst(limits, int(timers.scrape_interval.seconds), int(timers.evaluation_interval.seconds))
    fires_at = burst.evaluated(limits.count)
    firing = Firing({"job": BOOKING_JOB}, {"count": str(limits.count)})
    return (
        case(
            f"fires on the failure number {limits.count}",
            Proof.FIRES,
            series=(burst.failing(limits.count),),
            checks=(Check(burst.begins), Check(fires_at, (firing,))),
        ),
        case(
            "is silent with one failure fewer, though none is usual",
            Proof.NOT_EARLY,
            Proof.LOW_TRAFFIC,
            series=(burst.failing(limits.count - 1),),
            checks=(Check(fires_at), Check(fires_at + burst.evaluation)),
        ),
        case(
            "is silent when as many fail as always",
            series=(_failed(counter((1, _LONG))),),
            checks=(Check(fires_at), Check(2 * fires_at)),
        ),
        case("is silent without samples", Proof.NO_DATA, checks=(Check(fires_at),)),
        _spike_resolves(burst),
    )


def _spike_resolves(burst: _Burst) -> Case:
    kept = burst.limits.keep_firing_for.seconds
    # Prometheus 2 still counts a sample that is exactly as old as the window, Prometheus 3 does not.
    leaves = burst.begins + burst.limits.window.seconds
    return case(
        f"resolves {burst.limits.keep_firing_for} after the failures have left the window",
        Proof.RESOLVES,
        series=(burst.failing(burst.limits.count),),
        checks=(
            Check(leaves - burst.evaluation + kept, (Firing({"job": BOOKING_JOB}),)),
            Check(leaves + 2 * burst.evaluation + kept),
        ),
    )


def _failed(values: str) -> Series:
    return sample(catalogue.SYNC_FAILURES, values, job=BOOKING_JOB, reason=FAILURE_REASONS[0])
