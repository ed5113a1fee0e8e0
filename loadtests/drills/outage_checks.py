"""What the outage drill had to show, from what is known at its end. Apart from the drill because it is arithmetic."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from loadtests.drills.checks import Check, nothing_wrong
from loadtests.drills.comparison import Comparison, Findings
from loadtests.drills.line import Answered
from loadtests.drills.outage import Course
from loadtests.drills.outage_plan import Manner
from loadtests.drills.worlds import Row, held
from loadtests.order_statistics import nearest_rank

CALCOM_CALLS_A_MINUTE = 120
ANSWERED_WITHIN_SECONDS = 1.0
# A Cal.com that hangs is known to be away only after the first calls have run into their 8 s.
HANGING_WITHIN_SECONDS = 9.0
# The circuit opens at the fifth failed call, and every half minute lets one call try whether Cal.com is back.
FAILURES_THAT_OPEN, TRIAL_EVERY_SECONDS = 5, 30.0
# Bookings of one member of staff are made in the order they were asked for, except by whoever was sent away for the
# circuit's half minute just before it closed: so many are made meanwhile.
MOST_OVERTAKEN = 40


def findings(course: Course) -> Findings:
    """Compare both worlds and what callers were told."""
    told = [each.told for each in (*course.answers, *course.during_drain)]
    return Comparison(told, course.rows, held(course.bookings), course.letters).findings()


def checks(course: Course) -> list[Check]:
    """Return every line of the result."""
    return [*_answers(course), *_ends(course), *_calls(course), *nothing_wrong(findings(course))]


def _answers(course: Course) -> Iterator[Check]:
    asked = len(course.answers)
    queued = sum(each.told.status == "queued" for each in course.answers)
    yield Check("told that we will confirm", f"{queued} of {asked}", "all", queued == asked)
    if course.manner is Manner.HANGS:
        yield from _answers_while_hanging(course.answers)
    else:
        yield _slowest("slowest answer", course.answers, ANSWERED_WITHIN_SECONDS)
    seconds = sorted(each.seconds for each in course.answers)
    yield Check("half, 95 of 100 answered within", f"{_rank(seconds, '0.5'):.3f} s, {_rank(seconds, '0.95'):.3f} s")


def _answers_while_hanging(answers: Sequence[Answered]) -> Iterator[Check]:
    """Count apart who asked before the circuit was open, and who has tried for all others since."""
    before = _asked_before_it_opened(answers)
    since = [each for each in answers if each not in before]
    quick = sum(each.seconds < ANSWERED_WITHIN_SECONDS for each in since)
    opened = min((each.at_seconds for each in since), default=math.inf)
    trials = math.ceil(max(0.0, answers[-1].at_seconds - opened) / TRIAL_EVERY_SECONDS)
    yield _slowest("slowest answer", answers, HANGING_WITHIN_SECONDS)
    yield Check("asked before the circuit was open", f"{len(before)} of {len(answers)}")
    wanted = f"all but {trials}, who may try if Cal.com is back"
    yield Check("asked since, and answered under 1 s", f"{quick} of {len(since)}", wanted, quick >= len(since) - trials)


def _asked_before_it_opened(answers: Sequence[Answered]) -> list[Answered]:
    failed = sorted(each.at_seconds + each.seconds for each in answers if each.seconds > ANSWERED_WITHIN_SECONDS)
    opened = failed[FAILURES_THAT_OPEN - 1] if len(failed) >= FAILURES_THAT_OPEN else math.inf
    return [each for each in answers if each.at_seconds < opened]


def _slowest(what: str, answers: Sequence[Answered], within: float) -> Check:
    slowest = max((each.seconds for each in answers), default=0.0)
    return Check(what, f"{slowest:.3f} s", f"under {within:g} s", slowest < within)


def _rank(seconds: Sequence[float], share: str) -> float:
    return nearest_rank(seconds, Decimal(share)) or 0.0


def _ends(course: Course) -> Iterator[Check]:
    plan = course.plan
    rows = [row for row in course.rows if row.phone in {call.wish.phone for call in plan.callers}]
    spared = [row for row in rows if row.phone not in plan.hasty | plan.taken]
    confirmed = sum(row.state == "confirmed" for row in spared)
    yield Check("confirmed after the outage", f"{confirmed} of {len(spared)}", "all", confirmed == len(spared) > 0)
    yield Check("all settled after", f"{course.drain_seconds:.0f} s")
    if plan.hasty:
        told = sum(_is_told(course, row, in_time=True) for row in rows if row.phone in plan.hasty)
        seen, wanted = f"{told} of {len(plan.hasty)}", "all, by letter before their time"
        yield Check("expired during the outage", seen, wanted, told == len(plan.hasty))
    told = sum(_is_told(course, row) for row in rows if row.phone in plan.taken)
    yield Check(
        "chair given away at Cal.com", f"{told} of {len(plan.taken)}", "all, by letter", told == len(plan.taken)
    )
    at_once = sum(each.told.status == "confirmed" for each in course.during_drain)
    asked = len(course.during_drain)
    yield Check("callers during the drain", f"{at_once} of {asked} at once", "all", at_once == asked)
    # What may have been made is looked for first, for a minute and more, and everybody else goes past it.
    in_doubt = {each.told.appointment_id for each in course.answers if each.seconds > ANSWERED_WITHIN_SECONDS}
    certain = [row for row in spared if row.id not in in_doubt]
    overtaken = most_overtaken(certain, [each.booking for each in held(course.bookings)])
    yield Check("overtaken at most by", str(overtaken), f"at most {MOST_OVERTAKEN}", overtaken <= MOST_OVERTAKEN)


def _is_told(course: Course, row: Row, *, in_time: bool = False) -> bool:
    written = [each.at for each in course.letters if (each.appointment_id, each.kind) == (row.id, "not-possible")]
    return row.state == "failed" and bool(written) and (not in_time or min(written) < row.start)


def _calls(course: Course) -> Iterator[Check]:
    limit = CALCOM_CALLS_A_MINUTE
    yield Check("most calls in any 60 s", str(course.busiest), f"at most {limit}", 0 < course.busiest <= limit)
    refused = sum(by_status.get("429", 0) for by_status in course.calls.values())
    yield Check("calls that Cal.com throttled", str(refused), "0", not refused)


def most_overtaken(rows: Sequence[Row], made: Sequence[str]) -> int:
    """Return by how many later wishes for the same member of staff one wish was overtaken; `made` is in order."""
    places = {booking: place for place, booking in enumerate(made)}
    by_staff: dict[str, list[int]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.created_at):
        if row.id in places:
            by_staff[row.staff].append(places[row.id])
    return max(
        (
            sum(later < place for later in order[index + 1 :])
            for order in by_staff.values()
            for index, place in enumerate(order)
        ),
        default=0,
    )
