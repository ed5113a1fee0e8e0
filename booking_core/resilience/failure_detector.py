"""What the outcome of one call to Cal.com means, in one table.

Breaker, retry and saga must never disagree on whether a call may have booked something, so none of them judges alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from booking_core.domain.errors import (
    BookingRefused,
    CalcomCircuitOpen,
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomRejected,
    CalcomStatusUnknown,
    CalcomUnavailable,
    SlotTaken,
    TimeNotBookable,
)


class Executed(StrEnum):
    """Whether Cal.com did what it was asked."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Side(StrEnum):
    """Who has to change something before the same call can succeed."""

    OURS = "ours"
    THEIRS = "theirs"
    CALLER = "caller"


class Evidence(StrEnum):
    """What a call says about Cal.com's health."""

    SUCCESS = "success"
    FAILURE = "failure"
    IGNORE = "ignore"


class Again(StrEnum):
    """When the same call may be made again."""

    NOW = "now"  # on the next rung of the ladder; a rate limit's reset makes the rung longer
    LATER = "later"  # not in this ladder: park the work until the circuit lets a trial through
    AFTER_LOOKUP = "after_lookup"  # only once Cal.com was asked whether the first call booked
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the table; `side` is None where nobody has anything to mend."""

    executed: Executed
    side: Side | None
    breaker: Evidence
    retry: Again


SUCCEEDED = Verdict(Executed.YES, None, Evidence.SUCCESS, Again.NEVER)

_REFUSED = Verdict(Executed.NO, Side.CALLER, Evidence.IGNORE, Again.NEVER)
_GIVEN_UP = Verdict(Executed.UNKNOWN, Side.OURS, Evidence.IGNORE, Again.AFTER_LOOKUP)

# The nearest class of an error's ancestry decides. Only timeouts, lost connections and 5xx speak against Cal.com's
# health: an answer below 500 proves that it is there, and a call that we cancelled proves nothing.
VERDICTS: Mapping[type[BaseException], Verdict] = {
    CalcomUnavailable: Verdict(Executed.NO, Side.THEIRS, Evidence.FAILURE, Again.NOW),
    CalcomCircuitOpen: Verdict(Executed.NO, Side.THEIRS, Evidence.IGNORE, Again.LATER),
    CalcomOutcomeUnknown: Verdict(Executed.UNKNOWN, Side.THEIRS, Evidence.FAILURE, Again.AFTER_LOOKUP),
    # Cal.com answered, in a word that is new to us: it is well.
    CalcomStatusUnknown: _GIVEN_UP,
    TimeoutError: Verdict(Executed.UNKNOWN, Side.THEIRS, Evidence.FAILURE, Again.AFTER_LOOKUP),
    CalcomRateLimited: Verdict(Executed.NO, Side.OURS, Evidence.IGNORE, Again.NOW),
    CalcomRejected: Verdict(Executed.NO, Side.OURS, Evidence.IGNORE, Again.NEVER),
    SlotTaken: _REFUSED,
    TimeNotBookable: _REFUSED,
    BookingRefused: _REFUSED,
    asyncio.CancelledError: _GIVEN_UP,
    # A surprise, such as an answer we cannot read: Cal.com may well have booked before we stumbled.
    BaseException: _GIVEN_UP,
}


def judge(error: BaseException | None) -> Verdict:
    """Return what a call's error means; None stands for a call that succeeded."""
    if error is None:
        return SUCCEEDED
    return next(VERDICTS[kind] for kind in type(error).__mro__ if kind in VERDICTS)
