"""The outage drill's arithmetic: who calls, and what its result says of a course that went well or did not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from loadtests.drills.line import Answered
from loadtests.drills.outage import Course
from loadtests.drills.outage_checks import MOST_OVERTAKEN, checks, most_overtaken
from loadtests.drills.outage_plan import Manner, Plan, plan
from loadtests.drills.told import Told
from loadtests.drills.wishes import Call, wish_of
from loadtests.drills.worlds import Letter, Row

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
START = datetime(2026, 12, 1, 9, tzinfo=UTC)


def planned(manner=Manner.REFUSES, seed=1):
    return plan(Random(seed), queued=100, a_second=10, taken=5, during_drain=10, now=NOW, manner=manner)


def test_callers_come_at_their_own_moments_about_as_fast_as_asked():
    calls = planned().callers

    assert len(calls) == 100
    assert [call.at_seconds for call in calls] == sorted(call.at_seconds for call in calls)
    assert 5 < calls[-1].at_seconds < 20
    assert planned() == planned() != planned(seed=2)


def test_hasty_callers_ask_for_the_next_minutes_and_all_others_for_next_week():
    made = planned()

    ahead = {
        call.wish.phone: datetime.fromisoformat(call.wish.start).replace(tzinfo=UTC) - NOW
        for call in (*made.callers, *made.during_drain)
    }
    soon = {phone for phone, away in ahead.items() if away < timedelta(days=1)}
    assert soon == made.hasty
    assert all(timedelta(minutes=1) < ahead[phone] < timedelta(minutes=3) for phone in soon)
    assert not made.taken & made.hasty


def test_where_cal_com_may_have_booked_nobody_is_expected_to_expire():
    assert planned(Manner.HANGS).hasty == frozenset()
    assert len(planned(Manner.HANGS).callers) == 100


def test_nobody_wants_the_chair_of_another():
    made = planned()
    wanted = [(call.wish.start, call.wish.staff) for call in (*made.callers, *made.during_drain)]

    assert len(set(wanted)) == len(wanted)


def a_row(number: int, **changes) -> Row:
    row = Row(
        id=f"a{number}",
        lineage=f"a{number}",
        replaces=None,
        state="confirmed",
        calcom_uid=f"uid-a{number}",
        phone=wish_of(number, "", None).phone,
        email=wish_of(number, "", None).email,
        staff="anna",
        wished=str(number),
        start=START + timedelta(hours=number),
        end=START + timedelta(hours=number, minutes=30),
        created_at=NOW + timedelta(seconds=number),
    )
    return replace(row, **changes)


def at_cal_com(row: Row) -> dict[str, object]:
    started = {"uid": row.calcom_uid, "status": "accepted", "start": row.start.isoformat()}
    return {**started, "metadata": {"bc_booking": row.id}}


def a_course(**changes) -> Course:
    """Three callers: one confirmed later, one hasty, one whose chair is given away; a fourth during the drain."""
    wishes = [wish_of(number, str(number), None) for number in range(4)]
    rows = [a_row(0), a_row(1, state="failed"), a_row(2, state="failed"), a_row(3)]
    told = [Told(wish, "queued", NOW, f"a{number}") for number, wish in enumerate(wishes)]
    live = [at_cal_com(row) for row in rows if row.state == "confirmed"]
    course = Course(
        plan=Plan([Call(0, wish) for wish in wishes[:3]], {wishes[1].phone}, {wishes[2].phone}, [Call(0, wishes[3])]),
        manner=Manner.REFUSES,
        answers=[Answered(each, 0.0, 0.1) for each in told[:3]],
        during_drain=[Answered(replace(told[3], status="confirmed"), 0.0, 0.1)],
        rows=rows,
        bookings=live,
        letters=[
            *(Letter(row.id, "confirmed", NOW) for row in rows),
            Letter(rows[1].id, "not-possible", rows[1].start - timedelta(seconds=1)),
            Letter(rows[2].id, "not-possible", NOW),
        ],
        calls={"create": {"201": 2, "400": 1}},
        busiest=110,
        drain_seconds=60.0,
    )
    return replace(course, **changes)


def failing(course: Course) -> list[str]:
    return [check.what for check in checks(course) if not check.is_good]


def test_a_course_that_went_well_passes_on_every_line():
    assert failing(a_course()) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"busiest": 121}, "most calls in any 60 s"),
        ({"busiest": 0}, "most calls in any 60 s"),
        ({"calls": {"create": {"201": 2, "429": 1}}}, "calls that Cal.com throttled"),
        ({"rows": [a_row(0, state="unknown"), *a_course().rows[1:]]}, "confirmed after the outage"),
    ],
)
def test_what_went_wrong_fails_its_line(changes, line):
    assert line in failing(a_course(**changes))


def test_one_slow_answer_fails():
    answers = [replace(a_course().answers[0], seconds=8.2), *a_course().answers[1:]]

    assert failing(a_course(answers=answers)) == ["slowest answer"]


def while_hanging(*answers: tuple[float, float]) -> list[str]:
    """Return what fails of a course in which callers asked at these moments and waited so long."""
    (first, *_) = a_course().answers
    asked = [replace(first, at_seconds=at, seconds=seconds) for at, seconds in answers]
    return failing(a_course(answers=asked, manner=Manner.HANGS))


BEFORE_IT_OPENED = [(number, 8.2) for number in range(5)]


def test_where_cal_com_hangs_the_circuit_must_first_learn_of_it_and_then_nobody_waits():
    assert while_hanging(*BEFORE_IT_OPENED, (12.1, 8.3), (12.3, 0.1), (20.0, 0.1)) == []


def test_whoever_waits_longer_than_the_circuit_explains_fails():
    assert while_hanging(*BEFORE_IT_OPENED, (8.0, 9.1)) == ["slowest answer"]
    assert while_hanging(*BEFORE_IT_OPENED, (13.0, 2.0), (14.0, 2.0), (20.0, 0.1)) == [
        "asked since, and answered under 1 s"
    ]


def test_what_was_in_doubt_may_be_overtaken_by_everybody_and_nothing_else():
    rows = [a_row(number) for number in range(MOST_OVERTAKEN + 2)]
    wishes = [wish_of(number, row.wished, None) for number, row in enumerate(rows)]
    answers = [Answered(Told(wish, "queued", NOW, row.id), 0.0, 0.1) for wish, row in zip(wishes, rows, strict=True)]
    made = [at_cal_com(row) for row in (*rows[1:], rows[0])]
    plan = Plan([Call(0, wish) for wish in wishes], set(), set(), [])
    course = a_course(plan=plan, rows=rows, answers=answers, bookings=made)
    in_doubt = replace(course, answers=[replace(answers[0], seconds=8.2), *answers[1:]])

    assert "overtaken at most by" in failing(course)
    assert "overtaken at most by" not in failing(in_doubt)


def test_a_caller_who_was_told_anything_else_fails():
    answers = [replace(a_course().answers[0], told=replace(a_course().answers[0].told, status="silent"))]

    assert failing(a_course(answers=answers)) == ["told that we will confirm"]


def test_a_letter_after_the_appointment_would_have_begun_is_too_late():
    *others, in_time, taken = a_course().letters
    letters = [*others, replace(in_time, at=a_row(1).start + timedelta(seconds=1)), taken]

    assert failing(a_course(letters=letters)) == ["expired during the outage"]


def test_a_walk_in_s_chair_that_nobody_wrote_about_fails_and_counts_as_lost():
    *letters, _ = a_course().letters

    assert failing(a_course(letters=letters)) == ["chair given away at Cal.com", "lost"]


def test_a_caller_during_the_drain_who_had_to_wait_fails():
    (caller,) = a_course().during_drain

    assert failing(a_course(during_drain=[replace(caller, told=replace(caller.told, status="queued"))])) == [
        "callers during the drain"
    ]


def test_overtaking_counts_per_member_of_staff():
    rows = [*(a_row(number) for number in range(4)), a_row(4, staff="ben")]

    assert most_overtaken(rows, ["a4", "a0", "a1", "a2", "a3"]) == 0
    assert most_overtaken(rows, ["a1", "a2", "a0", "a4", "a3"]) == 2


def test_the_drills_module_is_another_name_of_the_command():
    ended = subprocess.run(
        [sys.executable, "-m", "loadtests.drills", "--help"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0
    assert "outage" in ended.stdout
