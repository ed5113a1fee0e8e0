"""The drill's arithmetic: each thing that must not be is found, and nothing else is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loadtests.drills.wishes import Wish
from loadtests.drills.worlds import Held, held
from tests.loadtests.drills.stored import EARLIER, HELD, ROW, START, letter, live, told, wrong

CONFIRMED = letter("a", "confirmed")


@pytest.mark.parametrize("status", ["confirmed", "queued", "silent"])
def test_a_booking_that_both_worlds_have_is_in_order_whatever_was_promised(status):
    assert wrong(told(status), letters=[CONFIRMED]) == {}


def test_a_copy_that_got_the_same_appointment_is_no_second_one():
    assert wrong(told("confirmed"), told("queued"), letters=[CONFIRMED]) == {}


def test_whoever_was_promised_a_confirmation_gets_it_in_writing():
    assert wrong(told("queued")) == {"unwritten": 1}
    assert wrong(told("queued"), letters=[letter("a", "not-possible")]) == {"unwritten": 1}


def test_a_refusal_without_a_booking_is_in_order():
    assert wrong(told("refused"), rows=[replace(ROW, state="released", calcom_uid=None)], live=[]) == {}


def test_a_promise_that_is_not_stored_is_lost():
    assert wrong(told("queued"), rows=[], live=[]) == {"lost": 1}


def test_a_confirmation_that_cal_com_does_not_have_is_lost_and_a_lie():
    assert wrong(told("confirmed"), live=[]) == {"lost": 1, "lies": 1}


def test_a_booking_confirmed_here_only_is_lost_even_if_nobody_was_answered():
    assert wrong(told("silent"), live=[]) == {"lost": 1}


def test_a_promise_given_up_with_a_letter_is_in_order_and_without_one_it_is_lost():
    rows = [replace(ROW, state="failed", calcom_uid=None)]

    assert wrong(told("queued"), rows=rows, live=[], letters=[letter("a", "not-possible")]) == {}
    assert wrong(told("queued"), rows=rows, live=[]) == {"lost": 1}
    assert wrong(told("queued"), rows=rows, live=[], letters=[CONFIRMED]) == {"lost": 1}


def test_two_live_bookings_of_one_appointment_are_doubled_and_the_unknown_one_is_an_orphan():
    assert wrong(told("confirmed"), live=[HELD, Held("uid-b", "a", START)]) == {"doubled": 1, "orphans": 1}


def test_two_appointments_for_one_wish_are_doubled():
    second = replace(ROW, id="b", lineage="b", calcom_uid="uid-b", staff="ben")

    assert wrong(told("confirmed"), rows=[ROW, second], live=[HELD, live(second)]) == {"doubled": 1}


def test_a_booking_that_stands_at_another_time_at_cal_com_is_not_what_was_promised():
    moved = replace(HELD, start=START + timedelta(hours=1))

    assert wrong(told("confirmed"), live=[moved]) == {"lost": 1}


def test_two_appointments_in_one_chair_overlap_also_around_a_third():
    long = replace(ROW, end=START + timedelta(hours=3))
    other = Wish("+493023125002", "caller-2@slotwatch.example", "", None)
    inside = [
        replace(
            ROW,
            id=name,
            lineage=name,
            calcom_uid=f"uid-{name}",
            phone=other.phone,
            wished=name,
            start=START + timedelta(hours=hours),
            end=START + timedelta(hours=hours, minutes=30),
        )
        for name, hours in (("b", 1), ("c", 2), ("d", 3))
    ]

    both = [HELD, *map(live, inside)]

    assert wrong(told("confirmed"), rows=[long, *inside], live=both) == {"overlaps": 2}


@pytest.mark.parametrize("rows", [[], [replace(ROW, state="failed", calcom_uid=None)]])
def test_what_lives_at_cal_com_and_is_not_confirmed_here_is_an_orphan(rows):
    assert wrong(rows=rows) == {"orphans": 1}


def test_a_denial_of_a_booking_that_was_under_way_is_a_lie():
    assert wrong(told("failed")) == {"lies": 1}


def test_a_denial_before_a_copy_of_the_wish_was_heard_was_true():
    assert wrong(told("refused", ended_at=EARLIER), told("confirmed")) == {}


def test_what_still_hangs_between_the_worlds_is_not_in_order():
    rows = [replace(ROW, state="queued", calcom_uid=None)]

    assert wrong(told("silent"), rows=rows, live=[]) == {"unsettled": 1}


def test_only_living_bookings_with_our_id_count_and_none_of_the_probe():
    ours = {
        "uid": "1",
        "status": "accepted",
        "metadata": {"bc_booking": "a"},
        "start": "2026-12-01T09:00:00Z",
        "rescheduledFromUid": "0",
    }
    others = [
        ours | {"status": "cancelled"},
        ours | {"metadata": {}},
        ours | {"metadata": {"bc_booking": "p", "bc_traffic": "synthetic"}},
    ]

    assert held([ours, *others]) == [Held("1", "a", START, "0")]


def test_a_core_without_its_database_denies_this_try_and_not_what_was_said_before():
    lost = replace(told("failed"), reason="database_unavailable")

    assert wrong(lost) == {"lies": 1}
    assert wrong(replace(lost, times=2)) == {}
    assert wrong(lost, told("confirmed")) == {}
