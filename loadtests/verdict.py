"""The verdict on a run: did the journeys keep the promise, did they break it, or can nobody tell?

Pure and apart from whatever produces samples: an SLA must not be decided by a load tool's rounded percentiles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum
from math import inf, isinf
from typing import Any

from loadtests.booking_api import Unreachable
from loadtests.order_statistics import beyond_chance, fewest_samples, nearest_rank, upper_bound
from loadtests.samples import Outcome, Sample
from sla.objectives import LatencyObjective, Promise


class Finding(StrEnum):
    """The three honest answers."""

    PASS = "pass"  # noqa: S105  a verdict, no secret
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class ExitCode(IntEnum):
    """How a probe run ends, for whoever started it."""

    PASS = 0
    SLA_MISS = 10
    BUDGET_MISS = 11
    INCONCLUSIVE = 12
    UNREACHABLE = 13
    CLEANUP_INCOMPLETE = 14
    CONFIGURATION = 15
    ABORTED = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What is promised, and how sure we must be of it."""

    share: Decimal
    threshold_seconds: float
    goal_seconds: float
    success_target: Decimal
    confidence: Decimal
    maximum_lag_seconds: float

    @classmethod
    def of(cls, promise: Promise, objective: LatencyObjective) -> Limits:
        return cls(
            share=objective.target,
            threshold_seconds=objective.threshold_seconds,
            goal_seconds=objective.goal_seconds,
            success_target=promise.objectives.booking_success.target,
            confidence=promise.probe.verdict.confidence,
            maximum_lag_seconds=promise.probe.verdict.maximum_schedule_lag_seconds,
        )

    @property
    def needed(self) -> int:
        """How many samples it takes to bound the quantile at all."""
        return fewest_samples(share=self.share, confidence=self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything a verdict rests on. `orphans` are bookings that the run could not cancel."""

    samples: Sequence[Sample]
    orphans: int = 0
    overloaded: bool = False
    unfinished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer with its reasons. Seconds are None where nothing was measured, infinite where failures decide."""

    finding: Finding
    exit_code: ExitCode
    reasons: tuple[str, ...]
    samples: int
    failed: int
    dropped: int
    orphans: int
    p95_seconds: float | None
    upper_bound_seconds: float | None
    measured_p95_seconds: float | None
    measured_share: float | None
    modelled_share: float | None
    schedule_lag_seconds: float | None
    threshold_seconds: float
    goal_seconds: float
    confidence: float

    def document(self) -> dict[str, Any]:
        """Return the verdict as JSON can say it: infinity becomes the text "+Inf", as in Prometheus."""
        fields = {name: "+Inf" if value == inf else value for name, value in asdict(self).items()}
        return {"verdict": fields.pop("finding"), **fields}


def judge(evidence: Evidence, limits: Limits) -> Verdict:
    """Judge the quantile: pass if its upper bound keeps the threshold, fail if the quantile itself breaks it."""
    case = _Case(evidence, limits)
    if case.is_broken():
        return case.write(Finding.FAIL)
    bound = case.upper_bound_seconds
    is_kept = bound is not None and bound <= limits.threshold_seconds
    return case.write(Finding.PASS if is_kept and case.is_trustworthy() else Finding.INCONCLUSIVE)


def judge_each(evidence: Evidence, limits: Limits) -> Verdict:
    """Judge a handful of checks: pass if every single one was good. Claims nothing about any quantile."""
    case = _Case(evidence, limits)
    if any(seconds > limits.threshold_seconds for seconds in case.services):
        return case.write(Finding.FAIL)
    return case.write(Finding.PASS if case.finished and case.is_trustworthy() else Finding.INCONCLUSIVE)


class _Case:
    """The evidence, counted and sorted once."""

    def __init__(self, evidence: Evidence, limits: Limits) -> None:
        self.evidence = evidence
        self.limits = limits
        self.finished = [sample for sample in evidence.samples if sample.outcome is not Outcome.DROPPED]
        self.good = [sample for sample in self.finished if sample.is_ok]
        self.count = len(self.finished)
        self.failed = self.count - len(self.good)
        self.dropped = len(evidence.samples) - self.count
        # From the intended start, and from the start we made of it: only the second is free of our own delay.
        self.responses = [sample.response_seconds if sample.is_ok else inf for sample in self.finished]
        self.services = [sample.service_seconds if sample.is_ok else inf for sample in self.finished]
        self.p95_seconds = nearest_rank(self.responses, limits.share)
        self.upper_bound_seconds = upper_bound(self.responses, share=limits.share, confidence=limits.confidence)
        self.lag_seconds = nearest_rank([sample.lag_seconds for sample in self.finished], Decimal("0.99"))

    def is_broken(self) -> bool:
        """Our own delays must not convict the core, and neither may a few bad ones among too few."""
        limits = self.limits
        if self._beyond_chance(self.failed, 1 - limits.success_target):
            return True
        judged = self.services if [*self._doubts()] else self.responses
        if self.count < limits.needed:
            return self._beyond_chance(sum(seconds > limits.threshold_seconds for seconds in judged), 1 - limits.share)
        return (nearest_rank(judged, limits.share) or 0) > limits.threshold_seconds

    def _beyond_chance(self, bad: int, allowed_ratio: Decimal) -> bool:
        return beyond_chance(bad, count=self.count, allowed_ratio=allowed_ratio, confidence=self.limits.confidence)

    def is_trustworthy(self) -> bool:
        return not self.evidence.orphans and not [*self._doubts()]

    def _doubts(self) -> Iterator[str]:
        """Why the generator's own numbers are not to be taken as they are."""
        if self.dropped:
            yield f"{self.dropped} arrivals were dropped because every caller was busy: raise the pool, lower the rate"
        if (lag := self.lag_seconds or 0) > self.limits.maximum_lag_seconds:
            limit = self.limits.maximum_lag_seconds
            yield f"the generator started up to {lag:.3f} s late (99th percentile; at most {limit:g} s is allowed)"
        if self.evidence.overloaded:
            yield "the generator's own processor was busy: run it on a calmer machine"
        if self.evidence.unfinished:
            yield "the run ended before its schedule did"

    def _reasons(self) -> Iterator[str]:
        yield from self._doubts()
        if self.evidence.orphans:
            yield f"clean-up is incomplete: {self.evidence.orphans} synthetic bookings could not be cancelled"
        if not self.finished:
            yield "no sample at all: nothing can be said"
            return
        if self.failed:
            reasons = Counter(sample.reason for sample in self.finished if not sample.is_ok)
            named = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common(4))
            yield f"{self.failed} of {self.count} failed: {named}"
        if self.count < self.limits.needed:
            yield f"too few samples to bound P95: {self.count} of {self.limits.needed}"
        else:
            yield self._about_seconds(self.p95_seconds or 0, self.upper_bound_seconds or 0)

    def _about_seconds(self, p95: float, bound: float) -> str:
        limit, goal = self.limits.threshold_seconds, self.limits.goal_seconds
        if p95 > limit:
            return f"P95 {_written(p95)} is over the limit of {limit:g} s"
        if bound > limit:
            return f"P95 {_written(p95)} may be over the limit of {limit:g} s: its upper bound is {_written(bound)}"
        meets = "meets" if p95 <= goal else "misses"
        return f"P95 {_written(p95)}, at most {_written(bound)}: {meets} the goal of {goal:g} s"

    def write(self, finding: Finding) -> Verdict:
        modelled = sum(sample.modelled_seconds for sample in self.good)
        total = sum(sample.service_seconds for sample in self.good)
        measured = [sample.measured_seconds if sample.is_ok else inf for sample in self.finished]
        return Verdict(
            finding=finding,
            exit_code=self._exit_code(finding),
            reasons=tuple(self._reasons()),
            samples=self.count,
            failed=self.failed,
            dropped=self.dropped,
            orphans=self.evidence.orphans,
            p95_seconds=self.p95_seconds,
            upper_bound_seconds=self.upper_bound_seconds,
            measured_p95_seconds=nearest_rank(measured, self.limits.share),
            measured_share=1 - modelled / total if total else None,
            modelled_share=modelled / total if total else None,
            schedule_lag_seconds=self.lag_seconds,
            threshold_seconds=self.limits.threshold_seconds,
            goal_seconds=self.limits.goal_seconds,
            confidence=float(self.limits.confidence),
        )

    def _exit_code(self, finding: Finding) -> ExitCode:
        if self.finished and all(sample.reason == Unreachable.reason for sample in self.finished):
            return ExitCode.UNREACHABLE
        if finding is Finding.FAIL:
            return ExitCode.BUDGET_MISS if self._failures_decide() else ExitCode.SLA_MISS
        if self.evidence.orphans:
            return ExitCode.CLEANUP_INCOMPLETE
        return ExitCode.INCONCLUSIVE if finding is Finding.INCONCLUSIVE else ExitCode.PASS

    def _failures_decide(self) -> bool:
        """Were it only for the journeys that succeeded, would the limit have been kept?"""
        seconds = [sample.service_seconds for sample in self.good]
        return bool(self.failed) and (nearest_rank(seconds, self.limits.share) or 0) <= self.limits.threshold_seconds


def _written(seconds: float) -> str:
    return "infinite (failures)" if isinf(seconds) else f"{seconds:.2f} s"
