"""What callers were told of moves and cancellations, judged by both worlds: every lie is found, and no truth is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loadtests.drills.comparison import Comparison
from tests.loadtests.drills.stored import (
    EARLIER,
    HELD,
    LATER,
    ROW,
    WISH,
    changed,
    letter,
    live,
    other_time,
    told,
    wrong,
)

LEFT = replace(ROW, state="moved")
NEW = other_time(ROW, "b", 1)
AT = NEW.wished
MOVED = {"rows": [LEFT, NEW], "live": [live(NEW, "uid-a")], "letters": [letter("b", "moved")]}
GIVEN_UP = replace(NEW, state="failed", calcom_uid=None)
CANCELLED = replace(ROW, state="cancelled")
OFF = {"rows": [CANCELLED], "live": [], "letters": [letter("a", "called-off")]}


def test_what_was_moved_in_both_worlds_is_in_order_whatever_was_promised():
    for status in ("confirmed", "queued", "silent"):
        assert wrong(told("confirmed"), changes=[changed(status, AT)], **MOVED) == {}


def test_whoever_was_told_that_it_is_moved_has_it_at_the_new_time():
    assert wrong(told("confirmed"), changes=[changed("confirmed", AT)]) == {"lies": 1}
    assert wrong(told("confirmed"), changes=[changed("confirmed", AT)], rows=[ROW, GIVEN_UP]) == {"lies": 1}


def test_a_move_that_only_we_have_is_a_lie_and_a_loss():
    both = {**MOVED, "live": []}

    assert wrong(told("queued"), changes=[changed("confirmed", AT)], **both) == {"lost": 1, "lies": 1}


def test_a_move_that_only_cal_com_has_is_lost_here_and_an_orphan_there():
    theirs = {"rows": [ROW], "live": [live(NEW, "uid-a")]}

    assert wrong(told("confirmed"), changes=[changed("queued", AT)], **theirs) == {"lost": 1, "orphans": 1, "lies": 1}


def test_a_move_that_left_the_old_booking_at_cal_com_is_doubled_and_the_old_one_an_orphan():
    both = {**MOVED, "live": [HELD, *MOVED["live"]]}

    assert wrong(told("confirmed"), changes=[changed("confirmed", AT)], **both) == {"doubled": 1, "orphans": 1}


def test_a_visit_that_is_confirmed_at_two_times_is_doubled():
    rows, there = [ROW, NEW], [HELD, live(NEW)]

    found = wrong(told("confirmed"), changes=[changed("silent", AT)], rows=rows, live=there, letters=MOVED["letters"])

    assert found == {"doubled": 2}


def test_a_booking_made_anew_instead_of_moved_does_not_name_the_old_one():
    anew = {**MOVED, "live": [live(NEW)]}

    assert wrong(told("confirmed"), changes=[changed("confirmed", AT)], **anew) == {"lost": 1, "lies": 1}


@pytest.mark.parametrize("status", ["refused", "failed"])
def test_whoever_was_told_that_it_is_not_moved_has_the_old_time(status):
    assert wrong(told("confirmed"), changes=[changed(status, AT)]) == {}
    assert wrong(told("confirmed"), changes=[changed(status, AT)], rows=[ROW, GIVEN_UP]) == {}
    assert wrong(told("confirmed"), changes=[changed(status, AT)], **MOVED) == {"lies": 2}
    assert wrong(told("confirmed"), changes=[changed(status, AT)], rows=[LEFT], live=[]) == {"lost": 1, "lies": 1}


def test_a_denial_before_the_same_move_was_said_again_was_true():
    said = [changed("failed", AT, ended_at=EARLIER), changed("confirmed", AT, step=1)]

    assert wrong(told("confirmed"), changes=said, **MOVED) == {}


def test_whoever_was_told_that_we_will_confirm_a_move_is_written_to_either_way():
    queued = [changed("queued", AT)]

    assert wrong(told("confirmed"), changes=queued, **{**MOVED, "letters": []}) == {"unwritten": 1}
    assert wrong(told("confirmed"), changes=queued, rows=[ROW, GIVEN_UP]) == {"lies": 1}
    assert wrong(told("confirmed"), changes=queued, rows=[ROW, GIVEN_UP], letters=[letter("b", "not-moved")]) == {}


def test_a_promised_move_that_takes_the_visit_with_it_is_lost():
    rows, letters = [replace(ROW, state="failed"), GIVEN_UP], [letter("b", "not-moved")]

    assert wrong(told("confirmed"), changes=[changed("queued", AT)], rows=rows, live=[], letters=letters) == {
        "lost": 1,
        "lies": 1,
    }


def test_a_move_that_hangs_between_the_worlds_is_not_in_order():
    rows = [ROW, replace(NEW, state="unknown", calcom_uid=None)]

    assert wrong(told("confirmed"), changes=[changed("queued", AT)], rows=rows) == {"lies": 1, "unsettled": 1}


def test_two_moves_one_after_the_other_leave_the_last_and_its_chain():
    last = other_time(NEW, "c", 2)
    rows = [LEFT, replace(NEW, state="moved"), replace(last, created_at=LATER)]
    said = [changed("queued", AT, step=0), changed("confirmed", last.wished, step=1)]
    letters = [letter("b", "moved"), letter("c", "moved")]

    assert wrong(told("confirmed"), changes=said, rows=rows, live=[live(last, "uid-b")], letters=letters) == {}
    assert wrong(told("confirmed"), changes=said[:1], rows=rows, live=[live(last, "uid-b")], letters=letters) == {
        "lies": 2
    }


def test_a_move_back_is_judged_by_its_own_row():
    back = other_time(NEW, "c", -1)
    rows = [LEFT, replace(NEW, state="moved"), replace(back, created_at=LATER)]
    said = [changed("confirmed", AT, step=0), changed("confirmed", WISH.start, step=1)]
    letters = [letter("b", "moved"), letter("c", "moved")]

    assert wrong(told("confirmed"), changes=said, rows=rows, live=[live(back, "uid-b")], letters=letters) == {}
    assert wrong(told("confirmed"), changes=said[1:]) == {"lies": 1}


def test_a_time_that_nobody_asked_for_is_a_lie_even_if_nobody_was_told_of_it():
    assert wrong(told("confirmed"), **MOVED) == {"lies": 1}


def test_a_move_by_an_id_of_a_later_time_belongs_to_the_same_visit():
    said = [changed("confirmed", AT, appointment_id="b")]

    assert wrong(told("confirmed"), changes=said, **MOVED) == {}


def test_a_move_that_was_cancelled_afterwards_is_gone_with_the_visit():
    rows = [CANCELLED, replace(NEW, state="cancelled")]
    said = [changed("queued", AT, step=0), changed("noted", step=1)]
    letters = [letter("a", "called-off")]

    assert wrong(told("confirmed"), changes=said, rows=rows, live=[], letters=letters) == {}
    assert wrong(told("confirmed"), changes=said, rows=rows, live=[HELD], letters=letters) == {
        "lost": 1,
        "orphans": 1,
        "lies": 1,
    }


@pytest.mark.parametrize("status", ["cancelled", "noted", "silent"])
def test_what_a_caller_called_off_is_in_order_when_it_is_gone_in_both_worlds(status):
    assert wrong(told("confirmed"), changes=[changed(status)], **OFF) == {}


def test_whoever_called_off_what_had_been_moved_is_written_to_once_about_whatever_time_it_had():
    rows, letters = [LEFT, replace(NEW, state="cancelled")], [letter("b", "called-off")]

    assert (
        wrong(
            told("confirmed"),
            changes=[changed("silent", AT), changed("cancelled", step=1)],
            rows=rows,
            live=[],
            letters=letters,
        )
        == {}
    )


def test_a_cancellation_that_nobody_wrote_about_is_found():
    assert wrong(told("confirmed"), changes=[changed("noted")], **{**OFF, "letters": []}) == {"unwritten": 1}


def test_what_nobody_called_off_must_not_be_cancelled():
    assert wrong(told("confirmed"), **OFF) == {"lost": 1, "lies": 1}


@pytest.mark.parametrize("status", ["cancelled", "noted"])
def test_whoever_was_told_that_it_is_called_off_was_told_the_truth(status):
    assert wrong(told("confirmed"), changes=[changed(status)]) == {"lies": 1}
    assert wrong(told("silent"), changes=[changed(status)], rows=[], live=[]) == {"lies": 1}


def test_whoever_was_told_that_it_cannot_be_cancelled_still_has_it():
    assert wrong(told("confirmed"), changes=[changed("failed")]) == {}
    assert wrong(told("confirmed"), changes=[changed("failed")], **OFF) == {"lost": 1, "lies": 2}


@pytest.mark.parametrize("start", [None, AT])
def test_a_core_without_its_database_denies_this_try_and_not_what_was_said_before(start):
    ends = OFF if start is None else MOVED
    lost = changed("failed", start, reason="database_unavailable")

    assert "lies" in wrong(told("confirmed"), changes=[lost], **ends)
    assert wrong(told("confirmed"), changes=[replace(lost, times=2)], **ends) == {}
    twice = [lost, changed("cancelled" if start is None else "confirmed", start)]
    assert wrong(told("confirmed"), changes=twice, **ends) == {}


def test_the_answers_about_changes_are_counted_with_the_reasons_of_denials():
    said = [changed("confirmed", AT), changed("refused", AT, reason="slot_taken"), changed("noted")]
    findings = Comparison([], [], [], [], said).findings()

    assert findings.moving == {"confirmed": 1, "refused (slot_taken)": 1}
    assert findings.cancelling == {"noted": 1}


def test_a_copy_that_was_denied_what_another_has_moved_since_was_lied_to():
    said = [changed("confirmed", AT)]

    assert wrong(told("confirmed"), told("failed"), changes=said, **MOVED) == {"lies": 1}
    assert (
        wrong(told("confirmed"), told("failed", ended_at=ROW.created_at - timedelta(seconds=1)), changes=said, **MOVED)
        == {}
    )
