"""Who gets the next customer when any member of staff will do."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from booking_core.domain.assignment import Workload, fairest_first
from tests.factories import NOW, an_id, an_offering

NAMES = ("anna", "ben", "cleo", "dora")
OFFERINGS = tuple(an_offering(name) for name in NAMES)


def in_turn(*workloads: Workload) -> list[str]:
    known = [(offering,) for offering in OFFERINGS if offering.staff_id in {each.staff_id for each in workloads}]
    return [offering.staff_slug for (offering,) in fairest_first(known, workloads)]


def a_workload(name: str, *, minutes: int = 0, idle_hours: int | None = None, is_free: bool = True) -> Workload:
    last = None if idle_hours is None else NOW - timedelta(hours=idle_hours)
    return Workload(an_id(name), timedelta(minutes=minutes), last, is_free)


def test_whoever_has_the_fewest_booked_minutes_that_day_is_first():
    assert in_turn(a_workload("anna", minutes=90), a_workload("ben", minutes=60)) == ["ben", "anna"]


def test_among_equals_whoever_waited_longest_for_a_customer_is_first():
    assert in_turn(a_workload("anna", idle_hours=1), a_workload("ben", idle_hours=2)) == ["ben", "anna"]


def test_whoever_never_had_a_customer_waited_longest():
    assert in_turn(a_workload("anna", idle_hours=99), a_workload("ben")) == ["ben", "anna"]


def test_what_is_still_equal_is_decided_by_name():
    assert in_turn(a_workload("ben"), a_workload("anna")) == ["anna", "ben"]


def test_whoever_is_busy_is_not_asked():
    assert in_turn(a_workload("anna", is_free=False), a_workload("ben", minutes=300)) == ["ben"]


@given(
    st.permutations(NAMES),
    st.lists(st.tuples(st.integers(0, 2), st.none() | st.integers(1, 2), st.booleans()), min_size=4, max_size=4),
)
def test_the_order_depends_on_the_facts_and_not_on_how_they_were_listed(order, facts):
    listed = [
        a_workload(name, minutes=minutes, idle_hours=idle, is_free=free)
        for name, (minutes, idle, free) in zip(NAMES, facts, strict=True)
    ]
    shuffled = sorted(listed, key=lambda each: order.index(next(n for n in NAMES if an_id(n) == each.staff_id)))

    assert in_turn(*listed) == in_turn(*shuffled)
    assert len(in_turn(*listed)) == sum(free for _, _, free in facts)
