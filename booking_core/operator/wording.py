"""What differences and unsettled bookings are called on a terminal, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from booking_core.domain.discrepancies import Action, Finding, Kind, Outcome, remedy
from booking_core.domain.models import State
from booking_core.services.hanging import Hanging
from booking_core.services.reconciliation import Line

KINDS: Mapping[Kind, str] = {
    Kind.ORPHAN_THERE: "lives at Cal.com only",
    Kind.ORPHAN_HERE: "confirmed here only",
    Kind.MISMATCH: "differs in time, uid or event type",
    Kind.STUCK: "unsettled for too long",
    Kind.FOREIGN: "not ours",
}
ACTIONS: Mapping[Action, str] = {
    Action.CANCEL_THERE: "cancel it at Cal.com",
    Action.CANCEL_HERE: "cancel it here and tell the customer",
    Action.ADOPT: "take over what Cal.com says",
    Action.SETTLE: "look for it at Cal.com, make it or give it up",
    Action.MAKE_AGAIN: "look for it at Cal.com, and make it again if it is gone",
    Action.ASK_A_PERSON: "leave it to a person",
    Action.LEAVE_ALONE: "leave it alone",
}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.CANCELLED_THERE: "cancelled at Cal.com",
    Outcome.CANCELLED_HERE: "cancelled here; the customer is told",
    Outcome.ADOPTED: "taken over from Cal.com",
    Outcome.MAKING_AGAIN: "being looked for and made again by a job",
    Outcome.SETTLING: "being settled by a job",
    Outcome.LEFT_TO_A_PERSON: "left to you",
    Outcome.GONE: "a closer look found no difference",
    Outcome.CAPPED: "left alone: the day's allowance is used up",
    Outcome.FAILED: "Cal.com or the database did not let us",
    Outcome.WAITING: "waits",
    Outcome.WOULD_ACT: "dry run",
}
STATES: Mapping[State, str] = {
    State.CREATING: "being made at Cal.com",
    State.QUEUED: "not yet asked for at Cal.com",
    State.UNKNOWN: "asked for at Cal.com without an answer",
    State.PENDING: "waits for the salon to accept it",
    State.CANCELLING: "being cancelled at Cal.com",
}
_BY_HAND: Mapping[Kind, str] = {
    Kind.ORPHAN_THERE: "no record of it here (a backup restored?), or its event type cannot be cancelled by us: "
    "ask the customer, then cancel it at Cal.com",
    Kind.MISMATCH: "its chair is occupied here, or it is another service now: move or cancel it at Cal.com",
}


_NEXT: Mapping[Outcome, str] = {
    Outcome.WAITING: "if a run at least 60 s later sees it too: {action}",
    Outcome.WOULD_ACT: "once seen twice: {action}",
    Outcome.CAPPED: "{action} tomorrow, or now with a higher BOOKING_RECONCILE_CHANGES_A_DAY",
    Outcome.FAILED: "the next run tries again: {action}",
    Outcome.MAKING_AGAIN: "watch it with `python -m booking_core hanging`",
    Outcome.SETTLING: "watch it with `python -m booking_core hanging`",
}


def next_step(line: Line) -> str:
    """Say what happens next to a difference of a run's report, or what you have to do."""
    kind, sighting = line.finding.kind, line.sighting
    if line.outcome is Outcome.LEFT_TO_A_PERSON:
        return _BY_HAND[kind]
    if line.outcome is Outcome.WAITING and sighting is not None and sighting.outcome is not None:
        return _after(kind, sighting.outcome)
    return _NEXT.get(line.outcome, "-").format(action=ACTIONS[remedy(line.finding)])


def hanging_because(each: Hanging) -> str:
    """Say why a booking hangs."""
    if each.sighting is not None:
        return KINDS[each.sighting.kind]
    return STATES.get(each.appointment.state, each.appointment.state.value) if each.appointment else "-"


def hanging_next(each: Hanging, *, now: datetime) -> str:
    """Say what settles it next."""
    if each.sighting is not None:
        return _after(each.sighting.kind, each.sighting.outcome)
    if each.job is None:
        return "a job is put down within a minute, if a job worker runs"
    if each.job.next_at is None or each.job.next_at <= now:
        return "a job settles it now, if a job worker runs"
    return f"a job looks again in {(each.job.next_at - now).total_seconds():.0f} s"


def _after(kind: Kind, outcome: Outcome | None) -> str:
    """Say what comes after what an earlier run has made of it."""
    if outcome is Outcome.LEFT_TO_A_PERSON:
        return _BY_HAND[kind]
    if outcome is Outcome.CAPPED:
        return "the day's allowance is used up: tomorrow, or with a higher BOOKING_RECONCILE_CHANGES_A_DAY"
    if outcome is None:
        return "the next run of `reconcile` (every 5 minutes) puts it right"
    return f"{OUTCOMES[outcome]}; if it does not show within the hour, it is done again"


def uid(finding: Finding) -> str:
    """Return Cal.com's uid of a difference, as far as either world knows one."""
    if finding.booking is not None:
        return finding.booking.uid
    known = finding.appointment.calcom_uid if finding.appointment else None
    return known or "-"


def start(finding: Finding, zone: ZoneInfo) -> str:
    """Return when it starts, by the salon's clock; both times where the worlds differ."""
    here = finding.appointment.start if finding.appointment else None
    there = finding.booking.start if finding.booking else None
    times = dict.fromkeys(moment.astimezone(zone).strftime("%d.%m.%Y %H:%M") for moment in (here, there) if moment)
    return " → ".join(times)
