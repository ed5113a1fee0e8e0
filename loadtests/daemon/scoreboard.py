"""Turns what probes tell into metrics and into the verdict over the last hour.

Apart from the processes that tell it: pure bookkeeping on an injected clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan
from typing import Any

from loadtests.daemon.instruments import Instruments
from loadtests.samples import Mode, Outcome, Probe, Sample
from loadtests.verdict import Evidence, Limits, Verdict, judge
from sla import catalogue


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict and the Unix time it was given."""

    verdict: Verdict
    at: float

    def document(self) -> dict[str, Any]:
        return {**self.verdict.document(), "at": self.at}


class Scoreboard:
    """Keeps the journeys of the window, judges them, publishes all of it."""

    def __init__(
        self, instruments: Instruments, limits: Limits, *, window_seconds: float, clock: Callable[[], float]
    ) -> None:
        self._instruments = instruments
        self._limits = limits
        self._window_seconds = window_seconds
        self._clock = clock
        self._journeys: deque[Sample] = deque()
        self._streaks = dict.fromkeys(Probe, 0)
        self._overloaded_at = -inf
        self._is_unfinished = False
        self._orphans = 0
        self.last: Judged | None = None

    def record(self, sample: Sample) -> bool:
        """Count one sample; tell whether it led to a new verdict."""
        if sample.probe is Probe.FULL:
            self._journeys.append(sample)
        if sample.outcome is Outcome.DROPPED:
            return False
        self._count(sample.probe, "ok" if sample.is_ok else "failed", sample.at)
        if sample.mode is Mode.WATCH:
            self._extend_streak(sample.probe, failed=not sample.is_ok)
        if sample.probe is Probe.FULL:
            # The mean becomes infinite with it, and rightly so: no mean of the others would be the truth.
            self._instruments.observe(catalogue.PROBE_DURATION, sample.response_seconds if sample.is_ok else inf)
        return self._judge_again(sample)

    def watch_died(self) -> None:
        """Count the death of the watching child as a failed light check: nobody is looking, and that must page."""
        self._count(Probe.LIGHT, "failed", self._clock())
        self._extend_streak(Probe.LIGHT, failed=True)

    def overloaded(self, at: float) -> None:
        self._overloaded_at = at

    def orphans(self, count: int) -> None:
        self._orphans = count
        self._instruments.set(catalogue.PROBE_ORPHANS, count)

    def conclude(self, *, is_unfinished: bool) -> Judged:
        """Give the verdict that a verdict run is made for, over everything in the window."""
        self._is_unfinished = is_unfinished
        judged = self._judge()
        self._instruments.count(catalogue.PROBE_RUNS, verdict=judged.verdict.finding)
        return judged

    def _judge_again(self, sample: Sample) -> bool:
        """Between verdict runs every watched journey moves the verdict; before the first there is too little to say."""
        if self.last is None or sample.mode is not Mode.WATCH or sample.probe is not Probe.FULL:
            return False
        self._judge()
        return True

    def _judge(self) -> Judged:
        now = self._clock()
        oldest = now - self._window_seconds
        while self._journeys and self._journeys[0].at < oldest:
            self._journeys.popleft()
        evidence = Evidence(
            samples=tuple(self._journeys),
            orphans=self._orphans,
            overloaded=self._overloaded_at >= oldest,
            unfinished=self._is_unfinished,
        )
        self.last = Judged(judge(evidence, self._limits), now)
        self._publish(self.last.verdict)
        return self.last

    def _publish(self, verdict: Verdict) -> None:
        for metric, seconds in (
            (catalogue.PROBE_P95, verdict.p95_seconds),
            (catalogue.PROBE_UPPER_BOUND, verdict.upper_bound_seconds),
            (catalogue.PROBE_SCHEDULE_LAG, verdict.schedule_lag_seconds),
        ):
            self._instruments.set(metric, nan if seconds is None else seconds)
        self._instruments.set(catalogue.PROBE_SAMPLES, verdict.samples)

    def _count(self, probe: Probe, result: str, at: float) -> None:
        self._instruments.count(catalogue.PROBE_CHECKS, probe=probe, result=result)
        self._instruments.set(catalogue.PROBE_LAST_RUN, at, probe=probe)

    def _extend_streak(self, probe: Probe, *, failed: bool) -> None:
        """Only watched probes: three of a burst's sixty are no three in a row."""
        self._streaks[probe] = self._streaks[probe] + 1 if failed else 0
        self._instruments.set(catalogue.PROBE_CONSECUTIVE_FAILURES, self._streaks[probe], probe=probe)
