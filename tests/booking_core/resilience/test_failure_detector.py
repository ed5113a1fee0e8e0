"""The one table of what an outcome means."""

from __future__ import annotations

import asyncio

import pytest

from booking_core.domain import errors
from booking_core.resilience.failure_detector import VERDICTS, Again, Evidence, Executed, Side, Verdict, judge


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (None, ("yes", None, "success", "never")),
        (errors.CalcomUnavailable(), ("no", "theirs", "failure", "now")),
        (errors.CalcomCircuitOpen(retry_after_seconds=12), ("no", "theirs", "ignore", "later")),
        (errors.CalcomOutcomeUnknown(), ("unknown", "theirs", "failure", "after_lookup")),
        (errors.CalcomStatusUnknown(), ("unknown", "ours", "ignore", "after_lookup")),
        (TimeoutError(), ("unknown", "theirs", "failure", "after_lookup")),
        (errors.CalcomRateLimited(retry_after_seconds=60), ("no", "ours", "ignore", "now")),
        (errors.CalcomRejected(), ("no", "ours", "ignore", "never")),
        (errors.SlotTaken(), ("no", "caller", "ignore", "never")),
        (errors.TimeNotBookable(), ("no", "caller", "ignore", "never")),
        (errors.UnknownAppointment(), ("no", "caller", "ignore", "never")),
        (asyncio.CancelledError(), ("unknown", "ours", "ignore", "after_lookup")),
        (KeyError("uid"), ("unknown", "ours", "ignore", "after_lookup")),
        (KeyboardInterrupt(), ("unknown", "ours", "ignore", "after_lookup")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException | None) else "-".join(map(str, value)),
)
def test_every_outcome_has_one_meaning(outcome, verdict):
    executed, side, breaker, retry = verdict

    expected = Verdict(Executed(executed), Side(side) if side else None, Evidence(breaker), Again(retry))

    assert judge(outcome) == expected


def test_every_error_of_the_calendar_is_judged_by_name():
    def below(family):
        for error in family.__subclasses__():
            yield error
            yield from below(error)

    assert set(below(errors.CalcomBookingError)) <= set(VERDICTS)


def test_only_timeouts_lost_connections_and_server_errors_speak_against_the_calendar():
    against = {error for error, verdict in VERDICTS.items() if verdict.breaker is Evidence.FAILURE}

    assert against == {errors.CalcomUnavailable, errors.CalcomOutcomeUnknown, TimeoutError}


def test_what_may_have_been_executed_is_never_repeated_without_a_look():
    doubtful = [verdict for verdict in VERDICTS.values() if verdict.executed is Executed.UNKNOWN]

    assert {verdict.retry for verdict in doubtful} == {Again.AFTER_LOOKUP}
