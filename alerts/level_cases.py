"""The cases of alerts on a level that is exceeded, and on events of which one or a few are already too many."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from alerts.cases import Case, Check, Firing, Proof, Series, case, counter, gauge
from sla.limits import GrowthLimits
from sla.quantities import Duration

_LONG = 2_000  # scrapes; longer than any case
_GOOD = 12  # scrapes before the trouble, a whole number of evaluations


@dataclass(frozen=True, slots=True)
class Level:
    """How a level's samples look, the levels just right and just wrong, and the labels the alert keeps.

    `facts` are its words while it is wrong.
    """

    series: Callable[[str], tuple[Series, ...]]
    right: float
    wrong: float
    labels: Mapping[str, str]
    facts: Mapping[str, str] = field(default_factory=dict)


def level(
    what: Level, *, hold: Duration, keep_firing: Duration, scrape: Duration, evaluation: Duration
) -> tuple[Case, ...]:
    """Return the cases of an alert that fires while a level stays wrong."""
    step = scrape.seconds
    begins = _GOOD * step
    held = math.ceil(hold.seconds / evaluation.seconds) * evaluation.seconds
    fires_at = begins + held
    kept = keep_firing.seconds
    wrong_scrapes = int(held / step) + 1
    ends = begins + wrong_scrapes * step
    resolved = math.ceil((ends + kept) / evaluation.seconds + 2) * evaluation.seconds
    return (
        case(
            f"fires once it has been so for {hold}, and not one step earlier",
            Proof.FIRES,
            Proof.NOT_EARLY,
            series=what.series(gauge((what.right, _GOOD), (what.wrong, _LONG))),
            checks=(
                Check(fires_at - evaluation.seconds),
                Check(fires_at, (Firing(what.labels, what.facts),)),
            ),
        ),
        case(
            "is silent at the limit itself, however long",
            Proof.LOW_TRAFFIC,
            series=what.series(gauge((what.right, _LONG))),
            checks=(Check(fires_at), Check(10 * fires_at)),
        ),
        case("is silent without a sample", Proof.NO_DATA, checks=(Check(fires_at), Check(10 * fires_at))),
        case(
            "resolves when it is over",
            Proof.RESOLVES,
            series=what.series(gauge((what.right, _GOOD), (what.wrong, wrong_scrapes), (what.right, _LONG))),
            checks=(Check(fires_at, (Firing(what.labels),)), Check(resolved)),
        ),
    )


@dataclass(frozen=True, slots=True)
class Growth:
    """How a counter's samples look, and the labels the alert keeps; `other` growth that must not count, if any."""

    series: Callable[[str], tuple[Series, ...]]
    labels: Mapping[str, str]
    other: Callable[[str], tuple[Series, ...]] | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def growth(what: Growth, limits: GrowthLimits, *, scrape: Duration, evaluation: Duration) -> tuple[Case, ...]:
    """Return the cases of an alert that fires on so many events in a window."""
    step = scrape.seconds
    fires_at = math.ceil((_GOOD + limits.count) * step / evaluation.seconds) * evaluation.seconds
    # The last of them leaves the window this long after it came.
    gone = (_GOOD + limits.count) * step + limits.window.seconds + limits.keep_firing_for.seconds
    resolved = math.ceil(gone / evaluation.seconds + 2) * evaluation.seconds
    events = counter((0, _GOOD), (1, limits.count), (0, _LONG))
    firing = Firing(what.labels, {**what.facts, "count": str(limits.count)})
    return (
        case(
            f"fires on event {limits.count} in {limits.window}, and not one step earlier",
            Proof.FIRES,
            Proof.NOT_EARLY,
            series=what.series(events),
            checks=(Check(fires_at - evaluation.seconds), Check(fires_at, (firing,))),
        ),
        case(
            f"is silent about {limits.count - 1} events",
            Proof.LOW_TRAFFIC,
            series=what.series(counter((0, _GOOD), (1, limits.count - 1), (0, _LONG))),
            checks=(Check(fires_at), Check(fires_at + limits.window.seconds)),
        ),
        *_silent_about_others(what, fires_at),
        case("is silent without a sample", Proof.NO_DATA, checks=(Check(fires_at), Check(10 * fires_at))),
        case(
            f"is kept firing for {limits.keep_firing_for} after they left the window, then resolves",
            Proof.RESOLVES,
            series=what.series(events),
            checks=(Check(fires_at, (Firing(what.labels),)), Check(resolved)),
        ),
    )


def _silent_about_others(what: Growth, fires_at: float) -> tuple[Case, ...]:
    if what.other is None:
        return ()
    many = what.other(counter((5, _LONG)))
    return (case("is silent about what must not count", series=many, checks=(Check(fires_at), Check(10 * fires_at))),)
