"""What a run has seen so far, and the verdict that follows from it.

Apart from the generator because it decides exit codes, and must be tested without a load tool.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from loadtests.probe.plan import Plan
from loadtests.samples import Booked, Cancelled, Mode, Overloaded, Probe, Sample, Told
from loadtests.verdict import Evidence, ExitCode, Limits, Verdict, judge, judge_each
from sla.objectives import Promise

Report = Callable[[Told], None]


@dataclass(slots=True)
class Ledger:
    """Keeps every sample and every booking that is not cancelled yet, and passes all of it on to `report`."""

    report: Report
    samples: list[Sample] = field(default_factory=list)
    leftovers: set[str] = field(default_factory=set)
    overloaded: bool = False

    def booked(self, appointment_id: str) -> None:
        self.leftovers.add(appointment_id)
        self.report(Booked(appointment_id))

    def finished(self, sample: Sample) -> None:
        if sample.cancelled:
            self.leftovers.discard(sample.appointment_id)
        self.samples.append(sample)
        self.report(sample)

    def cancelled(self, appointment_id: str) -> None:
        self.leftovers.discard(appointment_id)
        self.report(Cancelled(appointment_id))

    def generator_overloaded(self, at: float) -> None:
        self.overloaded = True
        self.report(Overloaded(at))


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The verdict of a run that has ended, and the code its process ends with."""

    verdict: Verdict
    exit_code: ExitCode


def conclude(ledger: Ledger, plan: Plan, promise: Promise, *, aborted: bool) -> Conclusion:
    """Judge journeys by the journey's promise; a light run by the promise on one API answer."""
    verdict = _verdict(ledger, plan, promise, unfinished=aborted)
    return Conclusion(verdict, ExitCode.ABORTED if aborted else verdict.exit_code)


def _verdict(ledger: Ledger, plan: Plan, promise: Promise, *, unfinished: bool) -> Verdict:
    judged = Probe.LIGHT if plan.mode is Mode.LIGHT else Probe.FULL
    evidence = Evidence(
        samples=[sample for sample in ledger.samples if sample.probe is judged],
        orphans=len(ledger.leftovers),
        overloaded=ledger.overloaded,
        unfinished=unfinished,
    )
    objectives = promise.objectives
    limits = Limits.of(promise, objectives.api_latency if judged is Probe.LIGHT else objectives.journey_latency)
    few = plan.mode in (Mode.LIGHT, Mode.FULL) and len(evidence.samples) < limits.needed
    return judge_each(evidence, limits) if few else judge(evidence, limits)
