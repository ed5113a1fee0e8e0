"""The cases of every alert on a share: so many of so many are bad, and enough of them to believe it.

Computed from the limits, so that they follow an edited threshold.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from alerts import wording
from alerts.cases import Case, Check, Firing, Phase, Proof, Series, case, parts
from sla.limits import ShareLimits
from sla.quantities import Duration

LONG = 2_000  # scrapes; longer than any case
ALL = Fraction(1)
# A case about days is watched for so long; what was silent by then stays so.
_WATCHED_SECONDS = 2 * 3600


@dataclass(frozen=True, slots=True)
class Events:
    """What an alert counts: how its samples look, what must not count, and the labels it keeps."""

    called: str
    series: Callable[[Sequence[Phase]], tuple[Series, ...]]
    labels: Mapping[str, str]
    # However many there are of these, they neither alarm nor dilute.
    others: tuple[Series, ...] = field(default=())


def cases(  # noqa: PLR0913 - the clocks of the rule under test
    events: Events,
    limits: ShareLimits,
    *,
    share: Fraction,
    scrape: Duration,
    evaluation: Duration,
    counted_every: Duration | None = None,
    facts: Mapping[str, str] | None = types.MappingProxyType({}),
) -> tuple[Case, ...]:
    """Return the cases of one severity; `share` of the events is bad where it must fire.

    `counted_every` is given where the events are counted in steps, `facts` for words beside the counts; without any
    facts the words are not judged.
    """
    trouble = _Trouble.of(
        events,
        limits,
        share,
        scrape=scrape,
        evaluation=evaluation.seconds,
        counted_every=(counted_every or evaluation).seconds,
        facts=facts,
    )
    return (
        _fires_on_the_last_bad_event_needed(trouble),
        _at_the_ratio_is_silent(trouble),
        _few_bad_events_are_silent(trouble),
        *_others_are_silent(trouble),
        _no_sample_is_silent(trouble),
        _resolves_when_kept_long_enough(trouble),
    )


@dataclass(frozen=True, slots=True)
class _Trouble:
    """So many bad and good events per scrape, and when that is evidence enough."""

    events: Events
    limits: ShareLimits
    scrape: Duration
    evaluation: float
    counted_every: float
    facts: Mapping[str, str] | None
    bad: int
    good: int
    # Scrapes until the bad events are enough.
    enough: int

    @classmethod
    def of(cls, events: Events, limits: ShareLimits, share: Fraction, *, scrape: Duration, **clocks: Any) -> _Trouble:
        bad, good = parts(share)
        # As many at a time as it takes to see enough bad events in half a window.
        times = math.ceil(limits.count / (bad * (limits.evidence_window.seconds / scrape.seconds / 2)))
        bad, good = bad * times, good * times
        enough = math.ceil(limits.count / bad)
        return cls(events, limits, scrape, bad=bad, good=good, enough=enough, **clocks)

    @property
    def step(self) -> float:
        return self.scrape.seconds

    @property
    def fires_at(self) -> float:
        """The first evaluation that has counted enough, and then as many as the alert is held."""
        counted = _up(self.enough * self.step, self.counted_every)
        return counted + _up(self.limits.for_.seconds, self.evaluation)

    @property
    def watched(self) -> float:
        return self.fires_at + min(self.limits.window.seconds, _WATCHED_SECONDS)

    @property
    def fires(self) -> int:
        """Scrapes until the alert fires."""
        return int(self.fires_at / self.step)

    @property
    def window_scrapes(self) -> int:
        return int(self.limits.evidence_window.seconds / self.step)

    def phases(self, scrapes: int) -> tuple[Phase, ...]:
        return (Phase(self.bad, self.good, scrapes), Phase(0, 0, LONG))

    def firing(self) -> Firing:
        if self.facts is None:
            return self.fires_unworded()
        seen = min(self.fires, self.window_scrapes)
        facts = {
            **self.facts,
            "bad": str(self.bad * seen),
            "all": str((self.bad + self.good) * seen),
            "share": wording.share(self.bad / (self.bad + self.good)),
        }
        return Firing(self.events.labels, facts)

    def case(self, title: str, *proves: Proof, series: tuple[Series, ...] = (), checks: tuple[Check, ...]) -> Case:
        return case(title, *proves, series=series, checks=checks, interval=self.scrape)

    def fires_unworded(self) -> Firing:
        return Firing(self.events.labels)


def _up(seconds: float, step: float) -> float:
    return math.ceil(seconds / step) * step


def _fires_on_the_last_bad_event_needed(trouble: _Trouble) -> Case:
    constant = (Phase(trouble.bad, trouble.good, LONG),)
    return trouble.case(
        f"fires when {trouble.limits.count} {trouble.events.called} are seen, and not one step earlier",
        Proof.FIRES,
        Proof.NOT_EARLY,
        series=(*trouble.events.series(constant), *trouble.events.others),
        checks=(
            Check(trouble.fires_at - trouble.evaluation),
            Check(trouble.fires_at, (trouble.firing(),)),
        ),
    )


def _at_the_ratio_is_silent(trouble: _Trouble) -> Case:
    bad, good = parts(Fraction(trouble.limits.ratio))
    times = trouble.bad
    return trouble.case(
        f"is silent when exactly {wording.share(float(trouble.limits.ratio))} of many are {trouble.events.called}",
        series=trouble.events.series((Phase(bad * times, good * times, LONG),)),
        checks=(Check(trouble.fires_at), Check(trouble.watched)),
    )


def _few_bad_events_are_silent(trouble: _Trouble) -> Case:
    few = trouble.limits.count - 1
    # Spread over the window, else the few of a wider window would be a page for a narrower one; but all must be in it
    # for as long as the alert is held.
    held = int(trouble.limits.for_.seconds / trouble.step)
    apart = max(1, (trouble.window_scrapes - held) // trouble.limits.count)
    one_by_one = (Phase(0, 0, apart - 1), Phase(1, 0, 1)) * few
    last_at = few * apart * trouble.step + trouble.limits.for_.seconds
    return trouble.case(
        f"is silent when all of {few} events are {trouble.events.called}",
        Proof.LOW_TRAFFIC,
        series=trouble.events.series((*one_by_one, Phase(0, 0, LONG))),
        checks=(Check(last_at), Check(last_at + trouble.evaluation)),
    )


def _others_are_silent(trouble: _Trouble) -> tuple[Case, ...]:
    if not trouble.events.others:
        return ()
    return (
        trouble.case(
            "is silent about what must not count",
            series=(*trouble.events.others, *trouble.events.series((Phase(0, 1, LONG),))),
            checks=(Check(trouble.fires_at), Check(trouble.watched)),
        ),
    )


def _no_sample_is_silent(trouble: _Trouble) -> Case:
    return trouble.case(
        "is silent without any sample: other alerts tell of that",
        Proof.NO_DATA,
        checks=(Check(trouble.fires_at),),
    )


def _resolves_when_kept_long_enough(trouble: _Trouble) -> Case:
    # As the window slides, the last moment with evidence enough is this many scrapes after it began to be full.
    last = (trouble.window_scrapes + trouble.fires - trouble.enough) * trouble.step
    step = trouble.counted_every
    kept_until = math.floor(last / step) * step + trouble.limits.keep_firing_for.seconds
    return trouble.case(
        f"is kept firing for {trouble.limits.keep_firing_for} after they left the window, then resolves",
        Proof.RESOLVES,
        series=trouble.events.series(trouble.phases(trouble.fires)),
        checks=(
            Check(trouble.fires_at, (trouble.fires_unworded(),)),
            Check(kept_until - step, (trouble.fires_unworded(),)),
            Check(kept_until + 2 * step),
        ),
    )
