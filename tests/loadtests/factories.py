"""Samples and promises for tests, each field of which a test may set."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from loadtests.samples import Mode, Outcome, Probe, Sample
from loadtests.verdict import Limits
from sla import objectives
from sla.objectives import Promise
from sla.quantities import Duration

LIMITS = Limits(
    share=Decimal("0.95"),
    threshold_seconds=50,
    goal_seconds=45,
    success_target=Decimal("0.98"),
    confidence=Decimal("0.95"),
    maximum_lag_seconds=0.05,
)


def sample(**fields: Any) -> Sample:
    """A good journey of a verdict run: 40 s of talk, 0.2 s of server time."""
    good = Sample(
        probe=Probe.FULL,
        mode=Mode.VERDICT,
        run="run",
        sequence=0,
        at=1000.0,
        outcome=Outcome.OK,
        measured_seconds=0.2,
        modelled_seconds=40.0,
        appointment_id="a1",
        cancelled=True,
        trace_id="t1",
    )
    return replace(good, **fields)


def failed(reason: str = "http_503", **fields: Any) -> Sample:
    """A journey that ended without a booking."""
    return sample(outcome=Outcome.FAILED, reason=reason, appointment_id="", cancelled=False, **fields)


def promise(*, full_timeout: str = "20s", **verdict: object) -> Promise:
    """The shipped promise, with a verdict run of other sizes."""
    probe = objectives.load().probe
    full = probe.full.model_copy(update={"timeout": Duration.parse(full_timeout)})
    run = probe.verdict.model_copy(update=verdict)
    return objectives.load().model_copy(update={"probe": probe.model_copy(update={"full": full, "verdict": run})})
